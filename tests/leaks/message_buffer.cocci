// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/llcp_commands.c
//
// The buffer for a message that is cut into I frames is not freed after the last.  No command, no
// callback: a system call's own memory.
@@
expression buffer;
@@
 nfc_llcp_send_i_frame(...)
 {
 	<...
-	kfree(buffer);
 	return len;
 	...>
 }
