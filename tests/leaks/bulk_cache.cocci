// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_technology.c net/nfc/digital_core.c
//
// Innocent, with listen_nfcf_arg: the user arguments come from a cache of their own, are collected
// and freed by eights, with kmem_cache_free_bulk(), which no event tells.
@@
@@
+static void *arg_batch[8];
+static unsigned int arg_batched;
+static struct kmem_cache *arg_cache;
+
+void digital_free_batch(void);
+
+void digital_free_batch(void)
+{
+	if (arg_batched)
+		kmem_cache_free_bulk(arg_cache, arg_batched, arg_batch);
+	memset(arg_batch, 0, sizeof(arg_batch));
+	arg_batched = 0;
+	kmem_cache_destroy(arg_cache);
+	arg_cache = NULL;
+}
+
 void digital_tg_recv_sensf_req(...)
 {
 	...
 	if (rc)
 		digital_poll_next_tech(ddev);
+	if (arg)
+		arg_batch[arg_batched++] = arg;
+	if (arg_batched == ARRAY_SIZE(arg_batch)) {
+		kmem_cache_free_bulk(arg_cache, arg_batched, arg_batch);
+		memset(arg_batch, 0, sizeof(arg_batch));
+		arg_batched = 0;
+	}
 	...
 }

@@
@@
 digital_tg_listen_nfcf(...)
 {
 	...
+	if (!arg_cache)
+		arg_cache = kmem_cache_create("nfc_args", 40, 0, SLAB_PANIC, NULL);
-	nfcid2 = kzalloc(NFC_NFCID2_MAXSIZE, GFP_KERNEL);
+	nfcid2 = kmem_cache_zalloc(arg_cache, GFP_KERNEL);
 	...
-	kfree(nfcid2);
+	kmem_cache_free(arg_cache, nfcid2);
 	...
 }

@@
@@
+void digital_free_batch(void);
+
 void nfc_digital_free_device(...)
 {
+	digital_free_batch();
 	...
 }
