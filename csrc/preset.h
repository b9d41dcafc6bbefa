/* preset.h - the configuration that serves where no script was ever given (§5). */
#ifndef TALLY_PRESET_H
#define TALLY_PRESET_H

#include "tallystick.h"

enum { PRESET_TYPES = 6 };

/* Fills the preset's payment types for a currency: cash has a step of 0.05 in CHF and none elsewhere. */
void preset_types(const tally_currency *currency, tally_payment_type types[PRESET_TYPES]);

#endif
