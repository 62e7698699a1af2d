// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pictures of the report, and what makes a long one handy.  Everything
 * that comes from the data is put in as text or as an attribute, never as
 * markup.
 */
"use strict";
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes, ...children) {
	const e = document.createElement(name);
	for (const [key, value] of Object.entries(attributes || {}))
		e.setAttribute(key, value);
	e.append(...children);
	return e;
}

function shape(name, attributes, text) {
	const e = document.createElementNS(SVG, name);
	for (const [key, value] of Object.entries(attributes || {}))
		e.setAttribute(key, value);
	if (text !== undefined)
		e.textContent = text;
	return e;
}

const number = (x) => x.toLocaleString("en-US");
const round = (x) => Math.round(x * 100) / 100;

function bytes(x) {
	if (x < 10240)
		return number(x) + (x === 1 ? " byte" : " bytes");
	const units = ["KiB", "MiB", "GiB", "TiB"];
	let u = 0;
	for (x /= 1024; x >= 1024 && u < 3; u++)
		x /= 1024;
	return x.toFixed(1) + " " + units[u];
}

function short(x) { /* a power of two */
	const units = ["", "K", "M", "G", "T", "P"];
	let u = 0;
	while (x >= 1024 && u < 5) {
		x /= 1024;
		u++;
	}
	return x + units[u];
}

function duration(us) {
	if (us < 1000)
		return us + " µs";
	if (us < 1e6)
		return +(us / 1e3).toPrecision(3) + " ms";
	if (us < 6e7)
		return +(us / 1e6).toPrecision(3) + " s";
	return us < 3.6e9 ? +(us / 6e7).toPrecision(3) + " min" : +(us / 3.6e9).toPrecision(3) + " h";
}

/* Calls draw(width) now and whenever the width changes. */
function whenSized(box, draw) {
	let last = 0;
	const again = () => {
		const style = getComputedStyle(box);
		const width = Math.floor(box.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight));
		if (width > 0 && width !== last)
			draw(last = width);
	};
	again();
	new ResizeObserver(() => requestAnimationFrame(again)).observe(box);
}

/* ---- theme ---- */

(function theme() {
	const button = document.getElementById("theme"), root = document.documentElement;
	const order = ["auto", "light", "dark"];
	let now = 0;
	const apply = () => {
		if (now)
			root.dataset.theme = order[now];
		else
			delete root.dataset.theme;
		button.textContent = "Theme: " + order[now];
	};
	try {
		now = Math.max(0, order.indexOf(localStorage.getItem("nfcleakbpf-theme")));
	} catch (e) { /* a file may have no storage */ }
	button.hidden = false;
	button.addEventListener("click", () => {
		now = (now + 1) % order.length;
		apply();
		try {
			localStorage.setItem("nfcleakbpf-theme", order[now]);
		} catch (e) { /* likewise */ }
	});
	apply();
})();

/* ---- findings ---- */

(function findings() {
	const sites = [...document.querySelectorAll(".site")];
	const tools = document.getElementById("tools"), filter = document.getElementById("filter");
	const said = document.getElementById("filtered"), unfold = document.getElementById("unfold");
	const folds = () => sites.map((s) => s.firstElementChild);

	const open = () => {
		const site = /^#site-\d+$/.test(location.hash) && document.querySelector(location.hash);
		if (site) {
			site.firstElementChild.open = true;
			site.scrollIntoView();
		}
	};
	addEventListener("hashchange", open);
	open();
	if (sites.length < 2)
		return;
	tools.hidden = false;
	tools.querySelector(".filter").hidden = sites.length < 6;
	unfold.addEventListener("click", () => {
		const all = folds().some((d) => !d.open);
		folds().forEach((d) => { d.open = all; });
		unfold.textContent = all ? "Fold all" : "Unfold all";
	});
	const texts = sites.map((s) => s.textContent.toLowerCase());
	filter.addEventListener("input", () => {
		const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
		let shown = 0;
		sites.forEach((s, i) => {
			s.hidden = !words.every((w) => texts[i].includes(w));
			shown += !s.hidden;
		});
		said.textContent = words.length ? `${shown} of ${sites.length} sites` : "";
	});
})();

/* ---- memory over time ---- */

function niceStep(most, ticks) {
	const rough = most / ticks || 1, power = 10 ** Math.floor(Math.log10(rough));
	return power * [1, 2, 5, 10].find((f) => f * power >= rough);
}

function niceBytes(most, ticks) {
	let step = 1;
	while (step * ticks < most)
		step *= 2;
	return step;
}

function seconds(s) {
	if (s && s < 1)
		return +(s * 1000).toPrecision(3) + " ms";
	if (s < 120)
		return +s.toFixed(2) + " s";
	return s < 7200 ? +(s / 60).toFixed(1) + " min" : +(s / 3600).toFixed(1) + " h";
}

(function timeline() {
	const box = document.getElementById("timeline"), list = data.buckets;
	if (!list.length) {
		box.append(element("p", { class: "quiet" }, "Nothing was recorded over time."));
		return;
	}
	const readout = element("p", { class: "readout" });
	const legend = element("p", { class: "legend" });
	for (const [name, color] of [["outstanding", "--area-line"], ["held by findings", "--leak"]].slice(0, data.sites.length ? 2 : 1))
		legend.append(element("span", {}, element("i", { style: `background:var(${color})` }), name));
	const svg = shape("svg", { tabindex: 0, role: "img", "aria-label": "Outstanding bytes over time; move with the left and right arrow keys" });
	box.append(svg, legend, readout);
	const end = Math.max(list.length * data.bucket, data.seconds);
	const most = Math.max(1, ...list.map((b) => b[0]));
	let at = list.length - 1, cursor, x, left, right;

	function show(i) {
		at = Math.max(0, Math.min(list.length - 1, i));
		const b = list[at], when = Math.min((at + 1) * data.bucket, end);
		readout.replaceChildren("at ", element("b", {}, seconds(when)), ": ", element("b", {}, bytes(b[0])),
			` outstanding in ${number(b[1])} allocations, `, element("b", {}, bytes(b[2])), " of them leaked");
		cursor.setAttribute("x1", x(when));
		cursor.setAttribute("x2", x(when));
	}
	function draw(width) {
		const height = width < 500 ? 190 : 240, top = 8, bottom = height - 22;
		const step = niceBytes(most, 4);
		left = Math.min(76, 12 + 7 * Math.max(bytes(step).length, bytes(Math.floor(most / step) * step).length));
		right = width - 6;
		x = (s) => round(left + (right - left) * Math.min(1, s / end));
		const y = (v) => round(bottom - (bottom - top) * v / most);
		svg.replaceChildren();
		svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
		for (let v = 0; v <= most; v += step) {
			svg.append(shape("line", { class: "grid", x1: left, x2: right, y1: y(v), y2: y(v) }));
			svg.append(shape("text", { x: left - 8, y: y(v) + 4, "text-anchor": "end" }, bytes(v)));
		}
		const tick = niceStep(end, width < 500 ? 4 : 8);
		for (let s = 0; s <= end; s += tick)
			svg.append(shape("text", { x: x(s), y: height - 4, "text-anchor": s ? "middle" : "start" }, seconds(s)));
		for (const [name, column] of [["total", 0], ["leaked", 2]]) {
			if (!list.some((b) => b[column]))
				continue;
			let path = `M${x(0)} ${y(0)}`;
			list.forEach((b, i) => {
				path += `V${y(b[column])}H${x(i === list.length - 1 ? end : (i + 1) * data.bucket)}`;
			});
			svg.append(shape("path", { class: name, d: path + `V${y(0)}Z` }));
		}
		cursor = shape("line", { class: "cursor", y1: top, y2: bottom });
		svg.append(cursor);
		show(at);
	}
	svg.addEventListener("pointermove", (e) => {
		const area = svg.getBoundingClientRect();
		show(Math.floor((e.clientX - area.left - left) / (right - left) * end / data.bucket));
	});
	svg.addEventListener("keydown", (e) => {
		const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -1e9, End: 1e9 }[e.key];
		if (by) {
			e.preventDefault();
			show(at + by);
		}
	});
	whenSized(box, draw);
})();

/* ---- flame graph ---- */

(function flame() {
	const box = document.getElementById("flamegraph");
	if (!data.sites.length) {
		box.append(element("p", { class: "quiet" }, "Nothing leaked, nothing to draw."));
		return;
	}
	const ROW = 22, CHARACTER = 7.25;
	const root = { name: "all leaks", kind: "core", bytes: 0, count: 0, depth: 0, children: [] };

	function child(parent, name, kind, site) {
		let c = parent.children.find((n) => n.name === name && (n.kind === kind || n.kind === "blame" || kind === "blame"));
		if (!c) {
			c = { name, kind, bytes: 0, count: 0, depth: parent.depth + 1, children: [], parent };
			parent.children.push(c);
		}
		if (kind === "blame")
			c.kind = kind;
		c.bytes += site.bytes;
		c.count += site.count;
		return c;
	}
	for (const site of data.sites) {
		let at = root;
		root.bytes += site.bytes;
		root.count += site.count;
		for (const [name, module, blame] of site.frames)
			at = child(at, name, blame ? "blame" : module ? "module" : "core", site);
		if (!site.frames.length)
			at = child(at, site.place || "(no stack)", "blame", site);
		if (site.callback)
			child(at, "→ " + site.callback, "callback", site);
	}
	(function sort(n) {
		n.children.sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
		n.children.forEach(sort);
	})(root);

	const svg = shape("svg", { role: "tree", "aria-label": "Flame graph of leaked bytes" });
	const readout = element("p", { class: "readout", role: "status" });
	const legend = element("p", { class: "legend" });
	for (const [name, color] of [["kernel", "--f-core"], ["NFC module", "--f-module"], ["where it was allocated", "--f-site"], ["callback that had it", "--f-callback"]])
		legend.append(element("span", {}, element("i", { style: `background:var(${color})` }), name));
	box.append(svg, legend, readout);
	let zoom = root, current = root, shapes = new Map(), width = 0;

	function describe(n) {
		const share = (100 * n.bytes / root.bytes).toFixed(1);
		return `${bytes(n.bytes)} (${share} %) in ${number(n.count)} allocation${n.count === 1 ? "" : "s"}`;
	}
	function show(n) {
		readout.replaceChildren(element("b", {}, n.name), " " + describe(n));
	}
	function place(n, from, to, deepest) {
		const g = shape("g", { class: `frame ${n.kind}${n.depth < zoom.depth ? " above" : ""}`, role: "treeitem",
			tabindex: n === current ? 0 : -1, "aria-level": n.depth + 1, "aria-label": `${n.name}, ${describe(n)}` });
		const room = Math.floor((to - from - 8) / CHARACTER);
		g.append(shape("rect", { x: round(from), y: n.depth * ROW, width: Math.max(0.5, round(to - from)), height: ROW - 1, rx: 2 }));
		/* names differ at their ends */
		if (room >= 3)
			g.append(shape("text", { x: round(from + 5), y: n.depth * ROW + 15 },
				n.name.length <= room ? n.name : "…" + n.name.slice(1 - room)));
		g.append(shape("title", {}, `${n.name}: ${describe(n)}`));
		g.addEventListener("click", () => select(n, true));
		g.addEventListener("pointerenter", () => show(n));
		g.addEventListener("focus", () => { current = n; show(n); });
		svg.append(g);
		shapes.set(n, g);
		deepest = Math.max(deepest, n.depth);
		if (n.depth < zoom.depth) {
			/* above the zoomed frame: as wide as everything */
			let next = zoom;
			while (next.parent !== n)
				next = next.parent;
			return place(next, from, to, deepest);
		}
		let at = from;
		for (const c of n.children) {
			const share = (to - from) * c.bytes / n.bytes;
			if (share >= 0.3)
				deepest = place(c, at, at + share, deepest);
			at += share;
		}
		return deepest;
	}
	function draw(w) {
		width = w;
		svg.replaceChildren();
		shapes = new Map();
		const deepest = place(root, 0, width, 0);
		svg.setAttribute("viewBox", `0 0 ${width} ${(deepest + 1) * ROW}`);
		if (!shapes.has(current)) {
			current = zoom;
			shapes.get(current).setAttribute("tabindex", 0);
		}
		show(current);
	}
	function select(n, focus) {
		zoom = current = n;
		draw(width);
		if (focus)
			shapes.get(n).focus();
	}
	function move(to) {
		if (!to || !shapes.has(to))
			return;
		shapes.get(current).setAttribute("tabindex", -1);
		current = to;
		shapes.get(to).setAttribute("tabindex", 0);
		shapes.get(to).focus();
	}
	svg.addEventListener("keydown", (e) => {
		const siblings = current.parent ? current.parent.children : [root], i = siblings.indexOf(current);
		switch (e.key) {
		case "ArrowDown": move(current.depth < zoom.depth ? [...shapes.keys()].find((n) => n.parent === current) : current.children[0]); break;
		case "ArrowUp": move(current.parent); break;
		case "ArrowRight": move(siblings[i + 1]); break;
		case "ArrowLeft": move(siblings[i - 1]); break;
		case "Home": move(root); break;
		case "Enter": case " ": select(current, true); break;
		case "Escape": select(root, true); break;
		default: return;
		}
		e.preventDefault();
	});
	whenSized(box, draw);
})();

/* ---- histograms ---- */

(function histograms() {
	const box = document.getElementById("histograms");

	function bars(title, counts, label) {
		const most = Math.max(...counts), first = counts.findIndex((c) => c);
		const body = element("tbody");
		if (first < 0)
			return element("div", { class: "bars" }, element("p", {}, title + ": none"));
		counts.forEach((c, i) => {
			if (i < first)
				return;
			body.append(element("tr", {}, element("td", {}, label(i)),
				element("td", {}, c ? element("i", { style: `width:${round(100 * c / most)}%` }) : ""),
				element("td", {}, number(c))));
		});
		return element("div", { class: "bars" }, element("table", {}, element("caption", {}, title), body));
	}
	const low = (i) => i ? 2 ** i : 0;
	if (!data.histograms.length)
		box.append(element("p", { class: "quiet" }, "No allocations were counted."));
	data.histograms.forEach((h, i) => {
		const left = element("span", h.outstanding ? { class: "left" } : {}, number(h.outstanding) + " outstanding");
		const card = element("details", { class: "histogram" },
			element("summary", {},
				element("h3", {}, h.callback ? element("code", {}, h.callback) : "No callback"),
				element("span", { class: "quiet" }, `${number(h.allocations)} allocations of ${bytes(h.bytes)}, ${number(h.freed)} freed, `, left)),
			element("div", { class: "pair" },
				bars("Size in bytes", h.size, (k) => `${short(low(k))} to ${short(2 ** (k + 1))}`),
				bars("Lifetime until freed", h.lifetime, (k) => `from ${duration(low(k))}`)));
		card.open = i < 3;
		box.append(card);
	});
})();
})();
