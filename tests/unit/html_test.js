// SPDX-License-Identifier: GPL-2.0-only
/*
 * Uses each report as a reader does and writes down what is wrong.  Put into a
 * page that has the reports in frames; html_test.c reads the result.
 */
"use strict";
addEventListener("load", () => setTimeout(() => {
	const complaints = [];
	let checks = 0;

	for (const frame of document.querySelectorAll("iframe")) {
		const page = frame.contentDocument, sites = Number(frame.dataset.sites);
		const where = `${frame.dataset.name} at ${frame.width}`;
		const check = (what, good) => {
			checks++;
			if (!good)
				complaints.push(`${where}: ${what}`);
		};
		const all = (selector) => [...page.querySelectorAll(selector)];
		const key = (element, name) => element.dispatchEvent(
			new frame.contentWindow.KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));

		check("is wider than the window", page.documentElement.scrollWidth <= frame.clientWidth);
		check("has an element that a name made", !all("img, iframe, object, embed").length);
		check("has more scripts than its own", all("script").length === 2);
		check("has a link to elsewhere", !all("[src], link[href]:not([href^='data:'])").length);
		check("lists its sites", all(".site").length === sites);
		check("has one heading of the first order", all("h1").length === 1);
		check("draws memory over time", all("#timeline svg path.total").length === 1);
		check("draws leaks over time", all("#timeline svg path.leaked").length === (sites ? 1 : 0));
		check("shows histograms", all(".histogram .bars i").length > 0);
		check("names every control", all("button, input").every((e) => e.textContent.trim() || e.closest("label")));

		/* the theme goes round */
		const theme = page.getElementById("theme"), root = page.documentElement;
		const themes = [1, 2, 3].map(() => { theme.click(); return root.dataset.theme || "auto"; });
		check(`themes are ${themes}`, themes.sort().join() === "auto,dark,light");

		/* the time line follows the keys */
		const line = page.querySelector("#timeline svg"), readout = page.querySelector("#timeline .readout");
		const before = readout.textContent;
		key(line, "Home");
		check("the time line follows Home", readout.textContent !== before);
		key(line, "End");
		check("the time line follows End", readout.textContent === before);

		check("draws a flame graph of leaks only", all("#flamegraph svg").length === (sites ? 1 : 0));
		if (!sites)
			continue;
		/* the flame graph: down, zoom, back */
		const current = () => page.querySelector("#flamegraph .frame[tabindex='0']");
		const svg = page.querySelector("#flamegraph svg");
		const label = () => current().getAttribute("aria-label");
		check("one frame can be reached by tab", all("#flamegraph .frame[tabindex='0']").length === 1);
		check("it is all of it", label().startsWith("all leaks, "));
		key(svg, "ArrowDown");
		check("an arrow goes down", label().startsWith("ret_from_fork"));
		key(svg, "Enter");
		check("Enter zooms", all("#flamegraph .frame.above").length === 1);
		key(svg, "ArrowUp");
		key(svg, "ArrowDown");
		check("down leads back to the zoomed frame", label().startsWith("ret_from_fork"));
		key(svg, "Escape");
		check("Escape goes back", !all("#flamegraph .frame.above").length && label().startsWith("all leaks"));
		current().dispatchEvent(new frame.contentWindow.MouseEvent("click", { bubbles: true }));
		check("no frame is empty", all("#flamegraph .frame").every((f) => f.getAttribute("aria-label").length > 3));

		if (sites < 6)
			continue;
		/* many sites: folded, filtered, and opened by their address */
		const details = all(".site > details");
		check("a long list is folded", details.filter((d) => d.open).length === 3);
		page.getElementById("unfold").click();
		check("all can be unfolded", details.every((d) => d.open));
		page.getElementById("unfold").click();
		check("and folded", !details.some((d) => d.open));
		const filter = page.getElementById("filter");
		filter.value = "SENSF_req callback-kept";
		filter.dispatchEvent(new frame.contentWindow.Event("input"));
		const left = all(".site").filter((s) => !s.hidden).length;
		check(`the filter leaves ${left}`, left > 0 && left < sites);
		filter.value = "";
		filter.dispatchEvent(new frame.contentWindow.Event("input"));
		check("an empty filter leaves all", all(".site").every((s) => !s.hidden));
	}
	document.getElementById("result").textContent = [`${checks} checks, ${complaints.length} complaints`, ...complaints].join("\n") + "\n.";
}, 1500));
