// SPDX-License-Identifier: GPL-2.0-only
//
// files: net/nfc/digital_core.c
//
// No bug: initiators and targets poll for NFC-A only, so that every link comes about by the longest
// chain of commands (SENS, SDD, SEL, ATR) and none by NFC-F.
@@
identifier tech = {NFC_DIGITAL_RF_TECH_212F, NFC_DIGITAL_RF_TECH_424F};
@@
 digital_start_poll(...)
 {
 	<...
-	digital_add_poll_tech(ddev, tech, ...);
 	...>
 }
