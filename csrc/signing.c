/* signing.c - Ed25519 keys in files, and what is signed with them. The forms are OpenSSL's (RFC 5208, RFC 8410). */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tallystick.h"

enum { SEED_BYTES = crypto_sign_SEEDBYTES, PREFIX_MAX = 16, DER_MAX = PREFIX_MAX + 32, FILE_MAX = 1024 };

/* How a key of either half is wrapped: a prefix that says what it is, and its 32 bytes. */
typedef struct key_form {
  const char *name;
  unsigned char prefix[PREFIX_MAX];
  size_t prefix_length;
} key_form;
static const key_form SECRET = {
    "PRIVATE KEY",
    {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20},
    16};
static const key_form PUBLIC = {
    "PUBLIC KEY", {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}, 12};

#define BASE64 sodium_base64_VARIANT_ORIGINAL

static tally_code says(char words[TALLY_KEY_WORDS_MAX], tally_code code, const char *text) {
  snprintf(words, TALLY_KEY_WORDS_MAX, "%s", text);
  return code;
}

static tally_code failed(char words[TALLY_KEY_WORDS_MAX], int error) {
  return says(words, TALLY_ERR_IO_ERROR, strerror(error));
}

/* ---- PEM ---- */

static void print_key(const key_form *form, const unsigned char key[32], char pem[TALLY_PEM_MAX]) {
  unsigned char der[DER_MAX];
  char base64[sodium_base64_ENCODED_LEN(DER_MAX, BASE64)];
  memcpy(der, form->prefix, form->prefix_length);
  memcpy(der + form->prefix_length, key, 32);
  sodium_bin2base64(base64, sizeof base64, der, form->prefix_length + 32, BASE64);
  snprintf(pem, TALLY_PEM_MAX, "-----BEGIN %s-----\n%s\n-----END %s-----\n", form->name, base64, form->name);
  sodium_memzero(der, sizeof der);
  sodium_memzero(base64, sizeof base64);
}

/* What stands between the first line and the last. */
static bool find_body(const key_form *form, const char *pem, const char **body, size_t *length) {
  char first[40], last[40];
  snprintf(first, sizeof first, "-----BEGIN %s-----", form->name);
  snprintf(last, sizeof last, "-----END %s-----", form->name);
  const char *from = strstr(pem, first), *to = from ? strstr(from, last) : NULL;
  if (to == NULL) return false;
  *body = from + strlen(first);
  *length = (size_t)(to - *body);
  return true;
}

static bool parse_key(const key_form *form, const char *pem, unsigned char key[32]) {
  unsigned char der[DER_MAX];
  size_t found = 0, length;
  const char *body;
  if (!find_body(form, pem, &body, &length)) return false;
  bool fine = sodium_base642bin(der, sizeof der, body, length, " \r\n\t", &found, NULL, BASE64) == 0 &&
              found == form->prefix_length + 32 && memcmp(der, form->prefix, form->prefix_length) == 0;
  if (fine) memcpy(key, der + form->prefix_length, 32);
  sodium_memzero(der, sizeof der);
  return fine;
}

void tally_public_key_print(const uint8_t public_key[TALLY_PUBLIC_KEY_BYTES], char pem[TALLY_PEM_MAX]) {
  print_key(&PUBLIC, public_key, pem);
}

bool tally_public_key_parse(tally_text pem, uint8_t public_key[TALLY_PUBLIC_KEY_BYTES]) {
  char text[FILE_MAX];
  if (pem.data == NULL || pem.length >= sizeof text) return false;
  memcpy(text, pem.data, pem.length);
  text[pem.length] = '\0';
  return parse_key(&PUBLIC, text, public_key);
}

/* ---- Files of secret keys ---- */

static bool write_all(int file, const char *text) {
  size_t left = strlen(text);
  while (left > 0) {
    ssize_t done = write(file, text, left);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return false;
    text += done;
    left -= (size_t)done;
  }
  return fsync(file) == 0;
}

static tally_code write_secret(const char *path, const unsigned char seed[SEED_BYTES],
                               char words[TALLY_KEY_WORDS_MAX]) {
  char pem[TALLY_PEM_MAX];
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return failed(words, errno);
  print_key(&SECRET, seed, pem);
  bool done = write_all(file, pem);
  int error = errno;
  sodium_memzero(pem, sizeof pem);
  close(file);
  if (done) return TALLY_OK;
  unlink(path);
  return failed(words, error);
}

static tally_code read_text(int file, char text[FILE_MAX], char words[TALLY_KEY_WORDS_MAX]) {
  struct stat facts;
  size_t length = 0;
  if (fstat(file, &facts) != 0) return failed(words, errno);
  if (!S_ISREG(facts.st_mode)) return says(words, TALLY_ERR_FIELD_INVALID, "it is no plain file");
  if (facts.st_mode & 077)
    return says(words, TALLY_ERR_FIELD_INVALID,
                "others than its owner may use it: chmod 600 it, and think of who may have read it");
  while (length < FILE_MAX - 1) {
    ssize_t got = read(file, text + length, FILE_MAX - 1 - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(words, errno);
    if (got == 0) break;
    length += (size_t)got;
  }
  text[length] = '\0';
  return TALLY_OK;
}

static tally_code read_secret(const char *path, unsigned char seed[SEED_BYTES], char words[TALLY_KEY_WORDS_MAX]) {
  char text[FILE_MAX];
  int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return failed(words, errno);
  tally_code code = read_text(file, text, words);
  close(file);
  if (!code && !parse_key(&SECRET, text, seed)) {
    const char *why = strstr(text, "ENCRYPTED PRIVATE KEY") ? "it has a passphrase; give one that has none"
                      : strstr(text, PUBLIC.name) && !strstr(text, SECRET.name)
                          ? "it is a public key; give the secret one"
                          : "it holds no secret Ed25519 key; tallystick keys makes one";
    code = says(words, TALLY_ERR_FIELD_INVALID, why);
  }
  sodium_memzero(text, sizeof text);
  return code;
}

/* ---- Signing ---- */

tally_code tally_key_make(const char *path, uint8_t public_key[TALLY_PUBLIC_KEY_BYTES],
                          char words[TALLY_KEY_WORDS_MAX]) {
  unsigned char seed[SEED_BYTES], secret[crypto_sign_SECRETKEYBYTES];
  if (sodium_init() < 0) return says(words, TALLY_ERR_OUT_OF_MEMORY, "libsodium cannot be used");
  randombytes_buf(seed, sizeof seed);
  crypto_sign_seed_keypair(public_key, secret, seed);
  tally_code code = write_secret(path, seed, words);
  sodium_memzero(seed, sizeof seed);
  sodium_memzero(secret, sizeof secret);
  return code;
}

tally_code tally_key_sign(const char *path, tally_text bytes, uint8_t public_key[TALLY_PUBLIC_KEY_BYTES],
                          uint8_t signature[TALLY_SIGNATURE_BYTES], char words[TALLY_KEY_WORDS_MAX]) {
  unsigned char seed[SEED_BYTES], secret[crypto_sign_SECRETKEYBYTES];
  if (sodium_init() < 0) return says(words, TALLY_ERR_OUT_OF_MEMORY, "libsodium cannot be used");
  tally_code code = read_secret(path, seed, words);
  if (!code) {
    crypto_sign_seed_keypair(public_key, secret, seed);
    crypto_sign_detached(signature, NULL, (const unsigned char *)bytes.data, bytes.length, secret);
  }
  sodium_memzero(seed, sizeof seed);
  sodium_memzero(secret, sizeof secret);
  return code;
}

bool tally_signature_holds(const uint8_t public_key[TALLY_PUBLIC_KEY_BYTES], tally_text bytes,
                           const uint8_t signature[TALLY_SIGNATURE_BYTES]) {
  if (sodium_init() < 0) return false;
  return crypto_sign_verify_detached(signature, (const unsigned char *)bytes.data, bytes.length, public_key) == 0;
}
