/* config_codec.h - how payment types and whole configurations are written into the file (docs/format.md). */
#ifndef TALLY_CONFIG_CODEC_H
#define TALLY_CONFIG_CODEC_H

#include "ledger.h"

/* Encodes into the call's memory; the same type always gives the same bytes. */
tally_code codec_put_type(tally_ledger *ledger, const tally_payment_type *type, tally_text *definition);
tally_code codec_put_config(tally_ledger *ledger, const tally_config *config, const int64_t *type_versions,
                            tally_text *definition);
/* Decodes; texts borrow from the definition. id and version of the type are left as they are. Of a configuration's types
 * only id and version are filled. TALLY_ERR_CORRUPT where the coding is broken. */
tally_code codec_get_type(tally_ledger *ledger, arena *from, tally_text definition, tally_payment_type *type);
tally_code codec_get_config(tally_ledger *ledger, arena *from, tally_text definition, tally_config *config);

#endif
