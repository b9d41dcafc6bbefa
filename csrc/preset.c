/* preset.c - the configuration that serves where no script was ever given (§5). */
#include "preset.h"

#include <string.h>

#define TEXT(literal)                                                                                                 \
  { literal, sizeof literal - 1 }
#define LABELS(de, en, fr, it)                                                                                        \
  {                                                                                                                   \
    {TEXT("de"), TEXT(de)}, {TEXT("en"), TEXT(en)}, {TEXT("fr"), TEXT(fr)}, {                                         \
      TEXT("it"), TEXT(it)                                                                                            \
    }                                                                                                                 \
  }

enum { PRESET_LANGUAGES = 4, SWISS_STEP_MINOR = 5 }; /* the Swiss round cash to five centimes */

static const tally_pair labels[PRESET_TYPES][PRESET_LANGUAGES] = {
    LABELS("Bar", "Cash", "Espèces", "Contanti"),
    LABELS("Karte", "Card", "Carte", "Carta"),
    LABELS("Überweisung", "Bank transfer", "Virement", "Bonifico"),
    LABELS("Patientenguthaben", "Patient credit", "Avoir du patient", "Credito del paziente"),
    LABELS("Rabatt", "Discount", "Rabais / Offert", "Sconto"),
    LABELS("Verlust", "Loss", "Impayé / Perte", "Perdita"),
};

static const struct {
  const char *id;
  tally_effect effect;
  tally_excess excess;
} rows[PRESET_TYPES] = {
    {"cash", TALLY_EFFECT_MONEY, TALLY_EXCESS_CHANGE},        {"card", TALLY_EFFECT_MONEY, TALLY_EXCESS_REFUSE},
    {"transfer", TALLY_EFFECT_MONEY, TALLY_EXCESS_CREDIT},    {"credit", TALLY_EFFECT_CREDIT, TALLY_EXCESS_REFUSE},
    {"discount", TALLY_EFFECT_DISCOUNT, TALLY_EXCESS_REFUSE}, {"loss", TALLY_EFFECT_LOSS, TALLY_EXCESS_REFUSE},
};

void preset_types(const tally_currency *currency, tally_payment_type types[PRESET_TYPES]) {
  for (int i = 0; i < PRESET_TYPES; i++) {
    types[i] = (tally_payment_type){
        .id = {rows[i].id, strlen(rows[i].id)},
        .effect = rows[i].effect,
        .excess = rows[i].excess,
        .is_default = i == 0,
        .for_consultation = true,
        .for_invoice = true,
        .labels = labels[i],
        .label_count = PRESET_LANGUAGES,
    };
  }
  if (strcmp(currency->code, "CHF") == 0) types[0].round_to_minor = SWISS_STEP_MINOR;
}
