/*
 * Firmware of a smart socket: it sells electricity to a smart cable for bitcoin.
 *
 * The protocol is version 1 of "The protocol between smart cable and smart socket" (SPEC.md); chapter names in the
 * comments are those of that document. The program speaks the lockstep device protocol on standard input and output:
 * it holds no clock and does no I/O of its own but its storage folder.
 *
 * Parts, in this order: bytes and files, profile, keys, framing, messages, transactions, checks, the device, storage,
 * ledger, actions, transitions, incoming messages, the ledger's answers, own hardware, timers, lockstep.
 */
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <secp256k1.h>

#ifndef FIRMWARE
#define FIRMWARE 1 /* version of the program and of its records; -DFIRMWARE=2 compiles a newer one */
#endif
#define TEXT_OF(number) #number
#define VERSION_OF(number) TEXT_OF(number) ".0"
#define IDENTITY "clean-room socket " VERSION_OF(FIRMWARE)
#define CHECKSUM "checksum" /* begins the last line of each file of the storage */

/* Sizes and numbers that the specification fixes. */
enum {
    MAX_PAYLOAD = 4096,
    MAX_ENCODED = 4117,
    MAX_TEXT = 200,
    MAX_SCRIPT = 42,
    MAX_COINS = 16,
    MAX_TRANSACTION = 3500,
    MIN_TRANSACTION = 10,
    MAX_INPUTS = MAX_TRANSACTION / 41,
    MAX_OUTPUTS = MAX_TRANSACTION / 9,
    MAX_ARRAY = 32,
    MAX_DEPTH = 3,
    ID_SIZE = 8,
    HASH_SIZE = 32,
    KEY_SIZE = 33,
    PAST_SESSIONS = 64,
    RESTART_STEP = 65536,
    FINAL_BLOCKS = 6,
    REGTEST = 3,
    PROTOCOL_VERSION = 1,
};
#define MAX_MONEY UINT64_C(2100000000000000)
#define FINAL_SEQUENCE UINT32_C(0xffffffff)
#define TRANSACTION_VERSION 2

/* "Timers and limits": times in microseconds, energies in mWh, powers in W. */
#define MS INT64_C(1000)
#define SECOND INT64_C(1000000)
#define NEVER INT64_MAX
#define LEDGER_ANSWER (500 * MS)
#define REPLY (2 * SECOND)
#define SILENT_PEER (60 * SECOND)
#define SETTLE_PAUSE (2 * SECOND)
#define METER_PERIOD (1 * SECOND)
#define LOOK_AGAIN (30 * SECOND)
#define CONTACT_READ_BACK (100 * MS)
#define TOP_UP_CREDIT 2000
#define REMEMBER 500
#define STAND_STILL 100
#define MAX_POWER 3680
#define OVERLOAD SECOND /* so long an appliance may draw more than is sold */

/* 1 mWh is 3.6 J; power in mW times time in µs is energy in nJ. */
#define NJ_PER_MWH INT64_C(3600000000)

/* Times of this device's own choice. */
#define WATCH_MAX (250 * MS) /* longest time between two looks at meter and contact while power flows */
#define WATCH_MIN (10 * MS)
#define LARGEST_READING UINT64_C(1000000000000000) /* µs: more than a device lives to see */
#define METER_END INT64_C(10000000000000) /* µWh: where the register of the meter goes on from 0 */
#define LOOKOUT_PERIOD (250 * MS) /* pause between two questions for conflicting spends */
#define STEWARD_PERIOD (1 * SECOND) /* pause between two questions whether the ledger can be used */

/* Field `code` of ERROR. */
#define ERROR_CODES(CODE) \
    CODE(1, MALFORMED) CODE(2, UNSUPPORTED_VERSION) CODE(3, UNEXPECTED) CODE(4, UNKNOWN_SESSION) \
    CODE(5, SESSION_REUSED) CODE(6, UNSUITABLE) CODE(20, TARIFF_TOO_HIGH) CODE(21, QUANTUM_TOO_HIGH) \
    CODE(22, QUANTUM_TOO_LOW) CODE(23, FEE_RATE_TOO_HIGH) CODE(24, PAYEE_SCRIPT) CODE(30, COIN_DUPLICATE) \
    CODE(31, COIN_SCRIPT) CODE(32, CHANGE_SCRIPT) CODE(33, FUNDS_EXHAUSTED) CODE(34, COIN_UNKNOWN) \
    CODE(35, COIN_DIFFERS) CODE(36, COIN_UNCONFIRMED) CODE(40, TRANSACTION_MALFORMED) CODE(41, NOT_NEXT) \
    CODE(42, TOO_MANY_PAYMENTS) CODE(43, PREMATURE) CODE(44, ENERGY_OVERCLAIMED) CODE(45, FOREIGN_INPUT) \
    CODE(46, MISSING_INPUT) CODE(47, DUPLICATE_INPUT) CODE(48, VERSION) CODE(49, LOCKTIME) CODE(50, SEQUENCE) \
    CODE(51, WRONG_PAYEE) CODE(52, UNDERPAID) CODE(53, OVERPAID) CODE(54, EXTRA_OUTPUT) CODE(55, CHANGE_DIVERTED) \
    CODE(56, CHANGE_MISSING) CODE(57, FEE_TOO_HIGH) CODE(58, FEE_TOO_LOW) CODE(59, ALTERED) CODE(60, SIGNATURE_SHAPE) \
    CODE(61, WRONG_KEY) CODE(62, HASH_TYPE) CODE(63, SIGNATURE_ENCODING) CODE(64, HIGH_S) CODE(65, BAD_SIGNATURE) \
    CODE(70, RECEIPT_SHORT) CODE(80, CONFLICT) CODE(81, LEDGER_UNAVAILABLE) CODE(82, LEDGER_REFUSED)

typedef enum {
    ACCEPTED = 0,
#define CODE(number, name) name = number,
    ERROR_CODES(CODE)
#undef CODE
} ErrorCode;

static const char *code_name(ErrorCode code)
{
    switch (code) {
    case ACCEPTED:
        return "ACCEPTED";
#define CODE(number, name) \
    case number: \
        return #name;
        ERROR_CODES(CODE)
#undef CODE
    }
    return NULL;
}

/* Field `reason` of CLOSE. */
typedef enum {
    NO_REASON,
    APPLIANCE_FINISHED,
    CREDIT_SPENT,
    REASON_FUNDS_EXHAUSTED,
    REFUSED,
    PEER_CLOSED,
    PEER_SILENT,
    PEER_RESTARTED,
    UNPLUGGED,
    LIMIT_REACHED,
    FAULT,
    LAST_REASON = FAULT,
} CloseReason;

typedef enum { HELLO = 1, OFFER, FUNDING, PAYMENT_REQUEST, PAYMENT, RECEIPT, METER, CLOSE, ERROR } MessageType;
typedef enum { SINGLE_FEE = 1, PER_PAYMENT = 2 } Mode;

typedef struct {
    const uint8_t *bytes;
    size_t length;
} Span;

typedef struct {
    size_t length;
    uint8_t bytes[MAX_SCRIPT];
} Script;

/* One message, or one transaction. */
typedef struct {
    size_t length;
    uint8_t bytes[MAX_PAYLOAD];
} Buffer;

typedef struct {
    uint8_t txid[HASH_SIZE];
    uint32_t index;
    uint64_t value;
    Script script;
} Coin;

/* ---------------------------------------------------------------- bytes and files */

static Span span_of(const Buffer *buffer)
{
    return (Span){buffer->bytes, buffer->length};
}

static Span script_span(const Script *script)
{
    return (Span){script->bytes, script->length};
}

static bool equal(Span a, Span b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

static void append(Buffer *buffer, const void *bytes, size_t length)
{
    if (length == 0 || length > sizeof buffer->bytes - buffer->length)
        return;
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
}

static void append_little(Buffer *buffer, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    append(buffer, bytes, size);
}

static uint64_t little(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Reads hex digits up to `end` of text or a character that is none; false if they are odd in number or too many. */
static bool from_hex(const char *text, uint8_t *bytes, size_t capacity, size_t *length)
{
    *length = 0;
    while (hex_digit(text[0]) >= 0) {
        if (hex_digit(text[1]) < 0 || *length == capacity)
            return false;
        bytes[(*length)++] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
        text += 2;
    }
    return true;
}

static void print_hex(FILE *file, Span span)
{
    for (size_t i = 0; i < span.length; i++)
        fprintf(file, "%02x", span.bytes[i]);
}

/* Transaction ids are written for people in the reverse of their order in transactions. */
static void print_txid(FILE *file, const uint8_t txid[HASH_SIZE])
{
    for (size_t i = HASH_SIZE; i-- > 0;)
        fprintf(file, "%02x", txid[i]);
}

static bool read_decimal(const char *text, uint64_t max, uint64_t *value)
{
    if (*text < '0' || *text > '9')
        return false;
    *value = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (digit > max || *value > (max - digit) / 10)
            return false;
        *value = *value * 10 + digit;
    }
    return true;
}

/* Cuts the first word off a line; the empty word at its end. */
static char *next_word(char **line)
{
    char *word = *line;
    char *blank = strchr(word, ' ');
    if (blank != NULL) {
        *blank = '\0';
        *line = blank + 1;
    } else {
        *line = word + strlen(word);
    }
    return word;
}

static bool sync_folder(const char *folder)
{
    int descriptor = open(folder, O_RDONLY);
    if (descriptor < 0)
        return false;
    bool done = fsync(descriptor) == 0;
    return close(descriptor) == 0 && done;
}

static uint32_t crc32(Span span);

/* Writes a file of the storage whole or not at all: a power cut leaves the old one or the new one. Its last line is a
 * checksum of those before. */
typedef struct {
    FILE *file;
    char *text;
    size_t length;
    char path[PATH_MAX];
    char draft[PATH_MAX];
    const char *folder;
} Draft;

static bool join_path(char path[PATH_MAX], const char *folder, const char *name)
{
    int length = snprintf(path, PATH_MAX, "%s/%s", folder, name);
    return length > 0 && length < PATH_MAX;
}

static bool begin_file(Draft *draft, const char *folder, const char *name)
{
    draft->folder = folder;
    if (!join_path(draft->path, folder, name) || !join_path(draft->draft, folder, "draft"))
        return false;
    draft->file = open_memstream(&draft->text, &draft->length);
    return draft->file != NULL;
}

static bool finish_file(Draft *draft)
{
    bool good = fclose(draft->file) == 0;
    FILE *file = good ? fopen(draft->draft, "w") : NULL;
    if (file != NULL) {
        uint32_t sum = crc32((Span){(const uint8_t *)draft->text, draft->length});
        good = fprintf(file, "%s%s %08" PRIx32 "\n", draft->text, CHECKSUM, sum) > 0 && fflush(file) == 0
            && fsync(fileno(file)) == 0;
        good = fclose(file) == 0 && good;
    }
    free(draft->text);
    return file != NULL && good && rename(draft->draft, draft->path) == 0 && sync_folder(draft->folder);
}

/* Opens what is in a file of the storage, without its checksum; NULL if there is no file, or if it is damaged. */
static FILE *open_whole(const char *folder, const char *name, char **text, bool *damaged)
{
    char path[PATH_MAX], told[sizeof CHECKSUM + 16];
    size_t length = 0;
    *text = NULL;
    FILE *file = join_path(path, folder, name) ? fopen(path, "r") : NULL;
    if (file == NULL) {
        *damaged = *damaged || errno != ENOENT;
        return NULL;
    }
    FILE *copy = open_memstream(text, &length);
    for (int byte; copy != NULL && (byte = getc(file)) != EOF;)
        putc(byte, copy);
    bool good = copy != NULL && fclose(copy) == 0 && !ferror(file);
    fclose(file);
    size_t tail = sizeof CHECKSUM + 9; /* the word, a blank, eight digits, a line feed */
    good = good && length > tail;
    if (good) {
        uint32_t sum = crc32((Span){(const uint8_t *)*text, length - tail});
        snprintf(told, sizeof told, "%s %08" PRIx32 "\n", CHECKSUM, sum);
        good = strcmp(*text + length - tail, told) == 0;
    }
    FILE *whole = good ? fmemopen(*text, length - tail, "r") : NULL;
    if (whole == NULL) {
        *damaged = true;
        free(*text);
        *text = NULL;
    }
    return whole;
}

static bool remove_file(const char *folder, const char *name)
{
    char path[PATH_MAX];
    return join_path(path, folder, name) && unlink(path) == 0 && sync_folder(folder);
}

/* ---------------------------------------------------------------- profile: one flat JSON object */

static const char *skip_blanks(const char *json)
{
    while (*json == ' ' || *json == '\t' || *json == '\r' || *json == '\n')
        json++;
    return json;
}

/* Each of these returns what follows the item, or NULL if it is not well formed. */
static const char *skip_string(const char *json)
{
    if (*json != '"')
        return NULL;
    for (json++; *json != '"'; json++) {
        if (*json == '\\')
            json++;
        if (*json == '\0')
            return NULL;
    }
    return json + 1;
}

static const char *skip_value(const char *json)
{
    int depth = 0;
    do {
        json = skip_blanks(json);
        if (*json == '\0')
            return NULL;
        if (*json == '"') {
            json = skip_string(json);
            if (json == NULL)
                return NULL;
        } else if (*json == '{' || *json == '[') {
            depth++;
            json++;
        } else if (*json == '}' || *json == ']') {
            depth--;
            json++;
        } else if (depth > 0 && (*json == ',' || *json == ':')) {
            json++;
        } else {
            size_t length = strcspn(json, ",:]}[{\" \t\r\n");
            if (length == 0)
                return NULL;
            json += length;
        }
    } while (depth > 0);
    return json;
}

/* The value of a key of the outermost object, or NULL. */
static const char *find_member(const char *json, const char *key)
{
    json = skip_blanks(json);
    if (*json != '{')
        return NULL;
    json = skip_blanks(json + 1);
    while (*json == '"') {
        const char *name = json + 1;
        json = skip_string(json);
        if (json == NULL)
            return NULL;
        bool found = (size_t)(json - 1 - name) == strlen(key) && strncmp(name, key, strlen(key)) == 0;
        json = skip_blanks(json);
        if (*json != ':')
            return NULL;
        json = skip_blanks(json + 1);
        if (found)
            return json;
        json = skip_value(json);
        if (json == NULL)
            return NULL;
        json = skip_blanks(json);
        if (*json == ',')
            json = skip_blanks(json + 1);
    }
    return NULL;
}

static uint64_t profile_number(const char *json, const char *key, uint64_t min, uint64_t max, uint64_t otherwise)
{
    const char *value = find_member(json, key);
    uint64_t number;
    if (value == NULL || !read_decimal(value, max, &number) || number < min)
        return otherwise;
    return number;
}

static bool profile_is(const char *json, const char *key, const char *text)
{
    const char *value = find_member(json, key);
    size_t length = strlen(text);
    return value != NULL && *value == '"' && strncmp(value + 1, text, length) == 0 && value[length + 1] == '"';
}

/* ---------------------------------------------------------------- hashes and keys */

static secp256k1_context *curve;

static void double_sha256(Span span, uint8_t hash[HASH_SIZE])
{
    uint8_t first[HASH_SIZE];
    SHA256(span.bytes, span.length, first);
    SHA256(first, sizeof first, hash);
}

static bool hash160(Span span, uint8_t hash[20])
{
    uint8_t first[HASH_SIZE];
    SHA256(span.bytes, span.length, first);
    return EVP_Digest(first, sizeof first, hash, NULL, EVP_ripemd160(), NULL) == 1;
}

/* The public half of a BIP 32 node: all that a socket needs to sell. */
typedef struct {
    secp256k1_pubkey key;
    uint8_t chain[HASH_SIZE];
} PublicNode;

typedef struct {
    uint8_t secret[HASH_SIZE];
    uint8_t chain[HASH_SIZE];
} SecretNode;

static bool serialise_key(const secp256k1_pubkey *key, uint8_t bytes[KEY_SIZE])
{
    size_t length = KEY_SIZE;
    return secp256k1_ec_pubkey_serialize(curve, bytes, &length, key, SECP256K1_EC_COMPRESSED) == 1;
}

static bool public_half(const SecretNode *node, PublicNode *half)
{
    memcpy(half->chain, node->chain, sizeof half->chain);
    return secp256k1_ec_pubkey_create(curve, &half->key, node->secret) == 1;
}

/* HMAC-SHA512 of BIP 32: 33 bytes of key, 4 of child number. */
static void child_hash(const uint8_t chain[HASH_SIZE], const uint8_t key[KEY_SIZE], uint32_t number, uint8_t hash[64])
{
    uint8_t data[KEY_SIZE + 4];
    memcpy(data, key, KEY_SIZE);
    for (int i = 0; i < 4; i++)
        data[KEY_SIZE + i] = (uint8_t)(number >> (24 - 8 * i));
    HMAC(EVP_sha512(), chain, HASH_SIZE, data, sizeof data, hash, NULL);
    OPENSSL_cleanse(data, sizeof data);
}

static bool secret_child(SecretNode *node, uint32_t number)
{
    uint8_t key[KEY_SIZE] = {0};
    uint8_t hash[64];
    PublicNode half;
    if (number >> 31)
        memcpy(key + 1, node->secret, HASH_SIZE);
    else if (!public_half(node, &half) || !serialise_key(&half.key, key))
        return false;
    child_hash(node->chain, key, number, hash);
    memcpy(node->chain, hash + HASH_SIZE, HASH_SIZE);
    bool good = secp256k1_ec_seckey_tweak_add(curve, node->secret, hash) == 1;
    OPENSSL_cleanse(key, sizeof key);
    OPENSSL_cleanse(hash, sizeof hash);
    return good;
}

static bool public_child(const PublicNode *parent, uint32_t number, secp256k1_pubkey *child)
{
    uint8_t key[KEY_SIZE];
    uint8_t hash[64];
    if (!serialise_key(&parent->key, key))
        return false;
    child_hash(parent->chain, key, number, hash);
    *child = parent->key;
    return secp256k1_ec_pubkey_tweak_add(curve, child, hash) == 1;
}

/* The receiving chain of BIP 84 for test networks, m/84'/1'/0'/0, of an account given as BIP 32 seed. */
static bool receiving_chain(Span account, PublicNode *chain)
{
    static const uint32_t path[] = {0x80000000u + 84, 0x80000000u + 1, 0x80000000u, 0};
    uint8_t hash[64];
    SecretNode node;
    HMAC(EVP_sha512(), "Bitcoin seed", 12, account.bytes, account.length, hash, NULL);
    memcpy(node.secret, hash, HASH_SIZE);
    memcpy(node.chain, hash + HASH_SIZE, HASH_SIZE);
    bool good = secp256k1_ec_seckey_verify(curve, node.secret) == 1;
    for (size_t i = 0; good && i < sizeof path / sizeof path[0]; i++)
        good = secret_child(&node, path[i]);
    good = good && public_half(&node, chain);
    OPENSSL_cleanse(hash, sizeof hash);
    OPENSSL_cleanse(&node, sizeof node);
    return good;
}

/* P2WPKH of the receiving key with this number. */
static bool receiving_script(const PublicNode *chain, uint32_t number, Script *script)
{
    secp256k1_pubkey child;
    uint8_t key[KEY_SIZE];
    *script = (Script){.length = 22, .bytes = {0x00, 0x14}};
    return public_child(chain, number, &child) && serialise_key(&child, key)
        && hash160((Span){key, sizeof key}, script->bytes + 2);
}

/* ---------------------------------------------------------------- framing */

typedef enum { FRAME_GOOD, FRAME_EMPTY, FRAME_TOO_LONG, FRAME_BAD_COBS, FRAME_TOO_SHORT, FRAME_BAD_CRC } FrameVerdict;

/* What came since the last zero; `length` counts on behind the capacity, up to one too many. */
typedef struct {
    size_t length;
    uint8_t bytes[MAX_ENCODED];
} FrameReader;

static uint32_t crc32(Span span)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < span.length; i++) {
        crc ^= span.bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

/* Payload, CRC, COBS and the closing zero. */
static size_t encode_frame(Span payload, uint8_t frame[MAX_ENCODED + 1])
{
    uint32_t crc = crc32(payload);
    size_t code_at = 0, length = 1;
    for (size_t i = 0; i < payload.length + 4; i++) {
        uint8_t byte = i < payload.length ? payload.bytes[i] : (uint8_t)(crc >> (8 * (payload.length + 3 - i)));
        if (length - code_at == 255) {
            frame[code_at] = 255;
            code_at = length++;
        }
        if (byte != 0) {
            frame[length++] = byte;
        } else {
            frame[code_at] = (uint8_t)(length - code_at);
            code_at = length++;
        }
    }
    frame[code_at] = (uint8_t)(length - code_at);
    frame[length++] = 0;
    return length;
}

/* Takes COBS away, in place. */
static FrameVerdict decode_cobs(FrameReader *reader, size_t *decoded)
{
    size_t in = 0, out = 0, before = 0;
    while (in < reader->length) {
        size_t code = reader->bytes[in++];
        if (code - 1 > reader->length - in || (before == 255 && code == 1 && in == reader->length))
            return FRAME_BAD_COBS;
        memmove(reader->bytes + out, reader->bytes + in, code - 1);
        in += code - 1;
        out += code - 1;
        if (code < 255 && in < reader->length)
            reader->bytes[out++] = 0;
        before = code;
    }
    *decoded = out;
    return FRAME_GOOD;
}

/* Judges what came before a zero and makes room for the next frame. */
static FrameVerdict finish_frame(FrameReader *reader, Buffer *payload)
{
    size_t length = reader->length, decoded = 0;
    if (length > MAX_ENCODED) {
        reader->length = 0;
        return FRAME_TOO_LONG;
    }
    FrameVerdict verdict = decode_cobs(reader, &decoded);
    reader->length = 0;
    if (length == 0)
        return FRAME_EMPTY;
    if (verdict != FRAME_GOOD)
        return verdict;
    if (decoded < 5)
        return FRAME_TOO_SHORT;
    if (decoded - 4 > MAX_PAYLOAD)
        return FRAME_TOO_LONG;
    payload->length = decoded - 4;
    memcpy(payload->bytes, reader->bytes, payload->length);
    const uint8_t *crc = reader->bytes + payload->length;
    uint32_t told = (uint32_t)crc[0] << 24 | (uint32_t)crc[1] << 16 | (uint32_t)crc[2] << 8 | crc[3];
    return told == crc32(span_of(payload)) ? FRAME_GOOD : FRAME_BAD_CRC;
}

/* Takes one byte of the line; true if a frame ended with it. */
static bool take_byte(FrameReader *reader, uint8_t byte)
{
    if (byte == 0)
        return true;
    if (reader->length < MAX_ENCODED)
        reader->bytes[reader->length] = byte;
    if (reader->length <= MAX_ENCODED)
        reader->length++;
    return false;
}

/* ---------------------------------------------------------------- messages */

typedef enum {
    GOOD,
    BAD_CBOR,
    WRONG_TYPE,
    UNKNOWN_TYPE,
    FIELD_COUNT,
    OUT_OF_RANGE,
    OTHER_VERSION,
} Verdict;

typedef enum { CBOR_NUMBER = 0, CBOR_BYTES = 2, CBOR_TEXT = 3, CBOR_ARRAY = 4 } Major;

/* What OFFER says. */
typedef struct {
    uint64_t tariff, quantum, fee_rate, max_payments, min_confirmations, max_power;
    Mode mode;
    Script payee;
} Terms;

/* What FUNDING says. */
typedef struct {
    Coin coins[MAX_COINS];
    size_t coin_count;
    Script change;
    uint64_t max_payments;
} Funds;

typedef struct {
    MessageType type;
    uint8_t session[ID_SIZE];
    uint32_t sequence;
    uint64_t modes;   /* HELLO: one bit for each mode */
    uint64_t network; /* HELLO */
    Terms terms;      /* OFFER */
    Funds funds;      /* FUNDING */
    uint64_t n;       /* PAYMENT_REQUEST, PAYMENT, RECEIPT */
    Buffer transaction;
    uint64_t energy; /* PAYMENT_REQUEST, METER, CLOSE; RECEIPT: what is credited */
    uint64_t reason; /* CLOSE */
    Buffer txid;     /* CLOSE */
    uint64_t code;   /* ERROR */
    char text[4 * MAX_TEXT + 1];
    uint64_t version; /* of a HELLO in another version */
} Message;

/* Reads one message; the first flaw stays, and everything read after it is zero. */
typedef struct {
    const uint8_t *at;
    size_t left;
    Verdict verdict;
} Reader;

static void spoil(Reader *reader, Verdict verdict)
{
    if (reader->verdict == GOOD)
        reader->verdict = verdict;
}

/* One head in its shortest form, of one of the four kinds that are allowed. */
static bool read_head(Reader *reader, unsigned *major, uint64_t *value)
{
    if (reader->left == 0)
        return false;
    unsigned info = reader->at[0] & 31;
    size_t size = info < 24 ? 0 : (size_t)1 << (info - 24);
    *major = reader->at[0] >> 5;
    if (info > 27 || reader->left < 1 + size || *major == 1 || *major > CBOR_ARRAY)
        return false;
    *value = size == 0 ? info : 0;
    for (size_t i = 1; i <= size; i++)
        *value = *value << 8 | reader->at[i];
    if ((size == 1 && *value < 24) || (size > 1 && *value >> (4 * size) == 0))
        return false;
    reader->at += 1 + size;
    reader->left -= 1 + size;
    return true;
}

/* Length of the UTF-8 sequence at the start of a text, 0 if there is none (RFC 3629). */
static size_t utf8_character(Span text, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = text.bytes[0];
    size_t length = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
    if (length == 0 || length > text.length)
        return 0;
    *character = length == 1 ? first : first & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (text.bytes[i] >> 6 != 2)
            return 0;
        *character = *character << 6 | (text.bytes[i] & 63);
    }
    bool surrogate = *character >= 0xd800 && *character <= 0xdfff;
    return *character < least[length] || *character > 0x10ffff || surrogate ? 0 : length;
}

static bool printable(uint32_t character)
{
    return character >= 0x20 && character <= 0x7e;
}

/* Counts the characters of a text, and those among them that are not printable; false if it is not UTF-8. */
static bool count_characters(Span text, size_t *characters, size_t *unprintable)
{
    *characters = *unprintable = 0;
    while (text.length > 0) {
        uint32_t character;
        size_t length = utf8_character(text, &character);
        if (length == 0)
            return false;
        *characters += 1;
        *unprintable += !printable(character);
        text.bytes += length;
        text.length -= length;
    }
    return true;
}

/* Passes one item if it is well formed, no deeper than `depth` arrays. */
static bool pass_item(Reader *reader, int depth)
{
    unsigned major;
    uint64_t value;
    size_t characters, unprintable;
    if (!read_head(reader, &major, &value))
        return false;
    if (major == CBOR_NUMBER)
        return true;
    if (major == CBOR_ARRAY) {
        if (depth == 0 || value > MAX_ARRAY)
            return false;
        for (uint64_t i = 0; i < value; i++)
            if (!pass_item(reader, depth - 1))
                return false;
        return true;
    }
    if (value > reader->left)
        return false;
    if (major == CBOR_TEXT && !count_characters((Span){reader->at, (size_t)value}, &characters, &unprintable))
        return false;
    reader->at += value;
    reader->left -= (size_t)value;
    return true;
}

static uint64_t take_head(Reader *reader, Major expected)
{
    unsigned major;
    uint64_t value;
    if (reader->verdict != GOOD)
        return 0;
    if (!read_head(reader, &major, &value) || major != expected) {
        spoil(reader, WRONG_TYPE);
        return 0;
    }
    return value;
}

static uint64_t take_number(Reader *reader, uint64_t min, uint64_t max)
{
    uint64_t value = take_head(reader, CBOR_NUMBER);
    if (value < min || value > max)
        spoil(reader, OUT_OF_RANGE);
    return reader->verdict == GOOD ? value : 0;
}

/* A byte string or text; empty if it is not good. */
static Span take_string(Reader *reader, Major major, size_t min, size_t max)
{
    uint64_t length = take_head(reader, major);
    if (length < min || length > max)
        spoil(reader, OUT_OF_RANGE);
    if (length > reader->left)
        spoil(reader, BAD_CBOR);
    if (reader->verdict != GOOD)
        return (Span){reader->at, 0};
    Span span = {reader->at, (size_t)length};
    reader->at += length;
    reader->left -= (size_t)length;
    return span;
}

static size_t take_array(Reader *reader, size_t min, size_t max)
{
    uint64_t count = take_head(reader, CBOR_ARRAY);
    if (count < min || count > max)
        spoil(reader, OUT_OF_RANGE);
    return reader->verdict == GOOD ? (size_t)count : 0;
}

static void take_fixed(Reader *reader, uint8_t *bytes, size_t size)
{
    Span span = take_string(reader, CBOR_BYTES, size, size);
    if (reader->verdict == GOOD)
        memcpy(bytes, span.bytes, size);
}

static void take_script(Reader *reader, Script *script)
{
    Span span = take_string(reader, CBOR_BYTES, 1, MAX_SCRIPT);
    script->length = span.length;
    memcpy(script->bytes, span.bytes, span.length);
}

static void take_buffer(Reader *reader, Buffer *buffer, size_t min, size_t max)
{
    Span span = take_string(reader, CBOR_BYTES, min, max);
    buffer->length = 0;
    append(buffer, span.bytes, span.length);
}

static void take_hello(Reader *reader, Message *message)
{
    take_number(reader, PROTOCOL_VERSION, PROTOCOL_VERSION);
    size_t count = take_array(reader, 1, 8);
    for (size_t i = 0; i < count; i++) {
        uint64_t bit = UINT64_C(1) << take_number(reader, SINGLE_FEE, PER_PAYMENT);
        if (message->modes & bit)
            spoil(reader, OUT_OF_RANGE);
        message->modes |= bit;
    }
    message->network = take_number(reader, 0, REGTEST);
}

static void take_terms(Reader *reader, Terms *terms)
{
    terms->tariff = take_number(reader, 1, 1000000000);
    terms->quantum = take_number(reader, 1, MAX_MONEY);
    take_script(reader, &terms->payee);
    terms->fee_rate = take_number(reader, 1, 1000000);
    terms->mode = (Mode)take_number(reader, SINGLE_FEE, PER_PAYMENT);
    terms->max_payments = take_number(reader, 1, 65535);
    terms->min_confirmations = take_number(reader, 0, 100);
    terms->max_power = take_number(reader, 1, 1000000);
}

static bool same_coin(const Coin *a, const Coin *b)
{
    return a->index == b->index && a->value == b->value && memcmp(a->txid, b->txid, HASH_SIZE) == 0
        && equal(script_span(&a->script), script_span(&b->script));
}

static void take_coin(Reader *reader, Coin *coin)
{
    if (take_array(reader, 0, MAX_ARRAY) != 4)
        spoil(reader, FIELD_COUNT);
    take_fixed(reader, coin->txid, HASH_SIZE);
    coin->index = (uint32_t)take_number(reader, 0, UINT32_MAX);
    coin->value = take_number(reader, 1, MAX_MONEY);
    take_script(reader, &coin->script);
}

static void take_funds(Reader *reader, Funds *funds)
{
    funds->coin_count = take_array(reader, 1, MAX_COINS);
    for (size_t i = 0; i < funds->coin_count; i++) {
        take_coin(reader, &funds->coins[i]);
        for (size_t k = 0; k < i; k++)
            if (same_coin(&funds->coins[i], &funds->coins[k]))
                spoil(reader, OUT_OF_RANGE);
    }
    take_script(reader, &funds->change);
    funds->max_payments = take_number(reader, 1, 65535);
}

static void take_error(Reader *reader, Message *message)
{
    message->code = take_number(reader, 1, UINT32_MAX);
    if (code_name((ErrorCode)message->code) == NULL)
        spoil(reader, OUT_OF_RANGE);
    Span text = take_string(reader, CBOR_TEXT, 0, 4 * MAX_TEXT);
    size_t characters, unprintable;
    if (!count_characters(text, &characters, &unprintable) || characters > MAX_TEXT || unprintable > 0)
        spoil(reader, OUT_OF_RANGE);
    memcpy(message->text, text.bytes, text.length);
    message->text[text.length] = '\0';
}

static void take_close(Reader *reader, Message *message)
{
    message->reason = take_number(reader, APPLIANCE_FINISHED, LAST_REASON);
    message->energy = take_number(reader, 0, UINT32_MAX);
    take_buffer(reader, &message->txid, 0, HASH_SIZE);
    if (message->txid.length != 0 && message->txid.length != HASH_SIZE)
        spoil(reader, OUT_OF_RANGE);
}

static void take_fields(Reader *reader, Message *message)
{
    switch (message->type) {
    case HELLO:
        take_hello(reader, message);
        break;
    case OFFER:
        take_terms(reader, &message->terms);
        break;
    case FUNDING:
        take_funds(reader, &message->funds);
        break;
    case PAYMENT_REQUEST:
        message->n = take_number(reader, 1, 65535);
        take_buffer(reader, &message->transaction, MIN_TRANSACTION, MAX_TRANSACTION);
        message->energy = take_number(reader, 0, UINT32_MAX);
        break;
    case PAYMENT:
        message->n = take_number(reader, 1, 65535);
        take_buffer(reader, &message->transaction, MIN_TRANSACTION, MAX_TRANSACTION);
        break;
    case RECEIPT:
        message->n = take_number(reader, 1, 65535);
        message->energy = take_number(reader, 0, UINT32_MAX);
        break;
    case METER:
        message->energy = take_number(reader, 0, UINT32_MAX);
        break;
    case CLOSE:
        take_close(reader, message);
        break;
    case ERROR:
        take_error(reader, message);
        break;
    }
}

/* `[1, session, sequence, version ...]` in another version than ours; what follows the version is not looked at. */
static bool is_other_version(Span payload, Message *message)
{
    Reader reader = {payload.bytes, payload.length, GOOD};
    if (take_array(&reader, 4, MAX_ARRAY) == 0 || take_number(&reader, 0, ERROR) != HELLO)
        return false;
    take_fixed(&reader, message->session, ID_SIZE);
    take_number(&reader, 0, UINT32_MAX);
    message->version = take_number(&reader, 0, UINT64_MAX);
    return reader.verdict == GOOD && message->version != PROTOCOL_VERSION;
}

/* Session id of a message that is otherwise not good, so that it can be answered. */
static bool salvage_session(Span payload, uint8_t session[ID_SIZE])
{
    Reader reader = {payload.bytes, payload.length, GOOD};
    take_array(&reader, 2, MAX_ARRAY);
    take_number(&reader, 0, UINT64_MAX);
    take_fixed(&reader, session, ID_SIZE);
    return reader.verdict == GOOD;
}

static Verdict decode_message(Span payload, Message *message)
{
    static const size_t field_count[] = {0, 6, 11, 6, 6, 5, 5, 4, 6, 5};
    memset(message, 0, sizeof *message);
    if (is_other_version(payload, message))
        return OTHER_VERSION;
    Reader reader = {payload.bytes, payload.length, GOOD};
    if (!pass_item(&reader, MAX_DEPTH) || reader.left > 0)
        return BAD_CBOR;
    reader = (Reader){payload.bytes, payload.length, GOOD};
    size_t count = take_array(&reader, 0, MAX_ARRAY);
    uint64_t type = take_number(&reader, 0, UINT64_MAX);
    if (reader.verdict != GOOD)
        return reader.verdict;
    if (type < HELLO || type > ERROR)
        return UNKNOWN_TYPE;
    if (count != field_count[type])
        return FIELD_COUNT;
    message->type = (MessageType)type;
    take_fixed(&reader, message->session, ID_SIZE);
    message->sequence = (uint32_t)take_number(&reader, 0, UINT32_MAX);
    take_fields(&reader, message);
    return reader.verdict;
}

static void put_head(Buffer *buffer, Major major, uint64_t value)
{
    uint8_t head[9];
    size_t size = value < 24 ? 0 : value <= UINT8_MAX ? 1 : value <= UINT16_MAX ? 2 : value <= UINT32_MAX ? 4 : 8;
    unsigned info = size == 0 ? (unsigned)value : size == 1 ? 24 : size == 2 ? 25 : size == 4 ? 26 : 27;
    head[0] = (uint8_t)((unsigned)major << 5 | info);
    for (size_t i = 0; i < size; i++)
        head[1 + i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    append(buffer, head, 1 + size);
}

static void put_number(Buffer *buffer, uint64_t value)
{
    put_head(buffer, CBOR_NUMBER, value);
}

static void put_bytes(Buffer *buffer, Span span)
{
    put_head(buffer, CBOR_BYTES, span.length);
    append(buffer, span.bytes, span.length);
}

/* The first three items; `fields` follow. */
static void put_header(Buffer *buffer, MessageType type, const uint8_t session[ID_SIZE], uint32_t sequence,
                       size_t fields)
{
    buffer->length = 0;
    put_head(buffer, CBOR_ARRAY, 3 + fields);
    put_number(buffer, type);
    put_bytes(buffer, (Span){session, ID_SIZE});
    put_number(buffer, sequence);
}

static void put_terms(Buffer *buffer, const Terms *terms)
{
    put_number(buffer, terms->tariff);
    put_number(buffer, terms->quantum);
    put_bytes(buffer, script_span(&terms->payee));
    put_number(buffer, terms->fee_rate);
    put_number(buffer, terms->mode);
    put_number(buffer, terms->max_payments);
    put_number(buffer, terms->min_confirmations);
    put_number(buffer, terms->max_power);
}

static void put_error(Buffer *buffer, const uint8_t session[ID_SIZE], uint32_t sequence, ErrorCode code,
                      const char *text)
{
    size_t length = strnlen(text, MAX_TEXT);
    put_header(buffer, ERROR, session, sequence, 2);
    put_number(buffer, code);
    put_head(buffer, CBOR_TEXT, length);
    for (size_t i = 0; i < length; i++)
        append(buffer, text[i] >= 0x20 && text[i] < 0x7f ? &text[i] : "?", 1);
}

/* ---------------------------------------------------------------- transactions */

typedef struct {
    const uint8_t *txid;
    uint32_t index;
    Span script;
    uint32_t sequence;
    uint64_t witness_count;
    Span witness[2]; /* the first two */
} Input;

typedef struct {
    int64_t value; /* signed, as nodes read it */
    Span script;
} Output;

/* A view of the bytes it was parsed from. */
typedef struct {
    uint32_t version;
    size_t input_count;
    Input inputs[MAX_INPUTS];
    size_t output_count;
    Output outputs[MAX_OUTPUTS];
    uint32_t locktime;
} Transaction;

typedef struct {
    const uint8_t *at;
    size_t left;
    bool bad;
} TransactionReader;

static Span cut_bytes(TransactionReader *reader, uint64_t length)
{
    if (length > reader->left)
        reader->bad = true;
    if (reader->bad)
        return (Span){reader->at, 0};
    Span span = {reader->at, (size_t)length};
    reader->at += length;
    reader->left -= (size_t)length;
    return span;
}

static uint64_t cut_number(TransactionReader *reader, size_t size)
{
    Span span = cut_bytes(reader, size);
    return little(span.bytes, span.length);
}

/* A count or length in its shortest form. */
static uint64_t cut_count(TransactionReader *reader)
{
    uint64_t first = cut_number(reader, 1);
    if (first < 0xfd)
        return first;
    size_t size = first == 0xfd ? 2 : first == 0xfe ? 4 : 8;
    uint64_t value = cut_number(reader, size);
    if (value < 0xfd || (size > 2 && value >> (4 * size) == 0))
        reader->bad = true;
    return reader->bad ? 0 : value;
}

static void cut_input(TransactionReader *reader, Input *input)
{
    input->txid = cut_bytes(reader, HASH_SIZE).bytes;
    input->index = (uint32_t)cut_number(reader, 4);
    input->script = cut_bytes(reader, cut_count(reader));
    input->sequence = (uint32_t)cut_number(reader, 4);
    input->witness_count = 0;
}

static void cut_output(TransactionReader *reader, Output *output)
{
    output->value = (int64_t)cut_number(reader, 8);
    output->script = cut_bytes(reader, cut_count(reader));
}

static void cut_witness(TransactionReader *reader, Input *input)
{
    input->witness_count = cut_count(reader);
    for (uint64_t i = 0; i < input->witness_count && !reader->bad; i++) {
        Span item = cut_bytes(reader, cut_count(reader));
        if (i < 2)
            input->witness[i] = item;
    }
}

/* The count of a list with room for `max`. */
static size_t cut_list(TransactionReader *reader, size_t max)
{
    uint64_t count = cut_count(reader);
    if (count > max)
        reader->bad = true;
    return reader->bad ? 0 : (size_t)count;
}

static bool is_complete(const TransactionReader *reader, const Transaction *transaction)
{
    return !reader->bad && reader->left == 0 && transaction->input_count > 0 && transaction->output_count > 0;
}

/* BIP 144 in its one form: shortest counts, no witness section without a witness, nothing behind. */
static bool parse_transaction(Span bytes, Transaction *transaction)
{
    TransactionReader reader = {bytes.bytes, bytes.length, bytes.length > MAX_TRANSACTION};
    transaction->version = (uint32_t)cut_number(&reader, 4);
    bool witnesses = reader.left >= 2 && reader.at[0] == 0 && reader.at[1] == 1;
    if (witnesses)
        cut_bytes(&reader, 2);
    transaction->input_count = cut_list(&reader, MAX_INPUTS);
    for (size_t i = 0; i < transaction->input_count; i++)
        cut_input(&reader, &transaction->inputs[i]);
    transaction->output_count = cut_list(&reader, MAX_OUTPUTS);
    for (size_t i = 0; i < transaction->output_count; i++)
        cut_output(&reader, &transaction->outputs[i]);
    uint64_t items = 0;
    for (size_t i = 0; witnesses && i < transaction->input_count; i++) {
        cut_witness(&reader, &transaction->inputs[i]);
        items |= transaction->inputs[i].witness_count;
    }
    transaction->locktime = (uint32_t)cut_number(&reader, 4);
    return is_complete(&reader, transaction) && (!witnesses || items > 0);
}

static void put_count(Buffer *buffer, uint64_t count)
{
    if (count < 0xfd) {
        append_little(buffer, count, 1);
    } else {
        append_little(buffer, 0xfd, 1);
        append_little(buffer, count, 2);
    }
}

static void put_span(Buffer *buffer, Span span)
{
    put_count(buffer, span.length);
    append(buffer, span.bytes, span.length);
}

static void put_outputs(Buffer *buffer, const Transaction *transaction)
{
    for (size_t i = 0; i < transaction->output_count; i++) {
        append_little(buffer, (uint64_t)transaction->outputs[i].value, 8);
        put_span(buffer, transaction->outputs[i].script);
    }
}

typedef enum { WITH_SCRIPTS, WITHOUT_SCRIPTS } Scripts;

/* Serialised without witnesses, with or without the scriptSigs. */
static void serialise(const Transaction *transaction, Scripts scripts, Buffer *buffer)
{
    buffer->length = 0;
    append_little(buffer, transaction->version, 4);
    put_count(buffer, transaction->input_count);
    for (size_t i = 0; i < transaction->input_count; i++) {
        const Input *input = &transaction->inputs[i];
        append(buffer, input->txid, HASH_SIZE);
        append_little(buffer, input->index, 4);
        put_span(buffer, scripts == WITH_SCRIPTS ? input->script : (Span){NULL, 0});
        append_little(buffer, input->sequence, 4);
    }
    put_count(buffer, transaction->output_count);
    put_outputs(buffer, transaction);
    append_little(buffer, transaction->locktime, 4);
}

static bool transaction_id(Span bytes, uint8_t txid[HASH_SIZE])
{
    static Transaction transaction;
    static Buffer bare;
    if (!parse_transaction(bytes, &transaction))
        return false;
    serialise(&transaction, WITH_SCRIPTS, &bare);
    double_sha256(span_of(&bare), txid);
    return true;
}

/* Whether two transactions are the same but for their signatures. */
static bool same_unsigned(Span a, Span b)
{
    static Transaction transaction;
    static Buffer bare_a, bare_b;
    if (!parse_transaction(a, &transaction))
        return false;
    serialise(&transaction, WITHOUT_SCRIPTS, &bare_a);
    if (!parse_transaction(b, &transaction))
        return false;
    serialise(&transaction, WITHOUT_SCRIPTS, &bare_b);
    return equal(span_of(&bare_a), span_of(&bare_b));
}

static bool is_p2wpkh(Span script)
{
    return script.length == 22 && script.bytes[0] == 0x00 && script.bytes[1] == 0x14;
}

static bool is_p2pkh(Span script)
{
    return script.length == 25 && memcmp(script.bytes, "\x76\xa9\x14", 3) == 0
        && memcmp(script.bytes + 23, "\x88\xac", 2) == 0;
}

static bool is_payable(const Script *script)
{
    return is_p2wpkh(script_span(script)) || is_p2pkh(script_span(script));
}

static uint64_t dust_limit(const Script *script)
{
    return is_p2wpkh(script_span(script)) ? 294 : 546;
}

/* What a payment is built from. */
typedef struct {
    const Coin *coins;
    size_t coin_count;
    uint64_t quanta, quantum, fee_rate;
    const Script *payee, *change;
} Bill;

static uint64_t output_weight(const Script *script)
{
    return 4 * (9 + script->length);
}

/* Fee of the payment with or without its change, reckoned from the types alone ("Fee"). */
static uint64_t bill_fee(const Bill *bill, bool with_change)
{
    uint64_t legacy = 0;
    for (size_t i = 0; i < bill->coin_count; i++)
        legacy += is_p2pkh(script_span(&bill->coins[i].script));
    uint64_t segwit = bill->coin_count - legacy;
    uint64_t weight = 40 + 272 * segwit + 592 * legacy + output_weight(bill->payee);
    if (with_change)
        weight += output_weight(bill->change);
    if (segwit > 0)
        weight += 2 + legacy;
    return bill->fee_rate * ((weight + 3) / 4);
}

static uint64_t total_value(const Bill *bill)
{
    uint64_t total = 0;
    for (size_t i = 0; i < bill->coin_count; i++)
        total += bill->coins[i].value;
    return total;
}

/* Payment and change; false if the coins do not hold the payment and its fee. A change of 0 is none. */
static bool divide_coins(const Bill *bill, uint64_t *payment, uint64_t *change)
{
    uint64_t total = total_value(bill);
    if (bill->coin_count == 0 || bill->quanta > total / bill->quantum)
        return false;
    *payment = bill->quanta * bill->quantum;
    uint64_t rest = total - *payment;
    uint64_t least = bill_fee(bill, false), full = bill_fee(bill, true);
    *change = rest >= full + dust_limit(bill->change) ? rest - full : 0;
    return rest >= least;
}

static Input unsigned_input(const Coin *coin)
{
    return (Input){.txid = coin->txid, .index = coin->index, .sequence = FINAL_SEQUENCE};
}

/* Builds the unsigned payment; false if the funds are exhausted. */
static bool build_payment(const Bill *bill, Buffer *buffer)
{
    static Transaction transaction;
    uint64_t payment, change;
    if (!divide_coins(bill, &payment, &change))
        return false;
    transaction.version = TRANSACTION_VERSION;
    transaction.locktime = 0;
    transaction.input_count = bill->coin_count;
    for (size_t i = 0; i < bill->coin_count; i++)
        transaction.inputs[i] = unsigned_input(&bill->coins[i]);
    transaction.output_count = change > 0 ? 2 : 1;
    transaction.outputs[0] = (Output){(int64_t)payment, script_span(bill->payee)};
    transaction.outputs[1] = (Output){(int64_t)change, script_span(bill->change)};
    serialise(&transaction, WITHOUT_SCRIPTS, buffer);
    return true;
}

/* ---------------------------------------------------------------- checks: FUNDING */

static bool same_outpoint(const Coin *a, const Coin *b)
{
    return a->index == b->index && memcmp(a->txid, b->txid, HASH_SIZE) == 0;
}

static ErrorCode check_coins(const Funds *funds)
{
    for (size_t i = 0; i < funds->coin_count; i++)
        for (size_t k = 0; k < i; k++)
            if (same_outpoint(&funds->coins[i], &funds->coins[k]))
                return COIN_DUPLICATE;
    for (size_t i = 0; i < funds->coin_count; i++)
        if (!is_payable(&funds->coins[i].script))
            return COIN_SCRIPT;
    return ACCEPTED;
}

static Bill first_bill(const Terms *terms, const Funds *funds)
{
    return (Bill){funds->coins, funds->coin_count, 1, terms->quantum, terms->fee_rate, &terms->payee, &funds->change};
}

static ErrorCode check_funding(const Terms *terms, const Funds *funds)
{
    ErrorCode code = check_coins(funds);
    if (code != ACCEPTED)
        return code;
    if (!is_payable(&funds->change))
        return CHANGE_SCRIPT;
    Bill bill = first_bill(terms, funds);
    uint64_t payment, change;
    return divide_coins(&bill, &payment, &change) ? ACCEPTED : FUNDS_EXHAUSTED;
}

/* ---------------------------------------------------------------- checks: the difference of two transactions */

static bool same_input(const Input *a, const Input *b)
{
    return a->index == b->index && memcmp(a->txid, b->txid, HASH_SIZE) == 0;
}

static size_t count_input(const Transaction *transaction, const Input *input)
{
    size_t count = 0;
    for (size_t i = 0; i < transaction->input_count; i++)
        count += same_input(&transaction->inputs[i], input);
    return count;
}

static ErrorCode compare_inputs(const Transaction *given, const Transaction *due)
{
    for (size_t i = 0; i < given->input_count; i++)
        if (count_input(due, &given->inputs[i]) == 0)
            return FOREIGN_INPUT;
    for (size_t i = 0; i < given->input_count; i++)
        if (count_input(given, &given->inputs[i]) > 1)
            return DUPLICATE_INPUT;
    for (size_t i = 0; i < due->input_count; i++)
        if (count_input(given, &due->inputs[i]) == 0)
            return MISSING_INPUT;
    return ACCEPTED;
}

/* What all outputs with this script hold together. */
static int64_t sum_outputs(const Transaction *transaction, Span script)
{
    int64_t sum = 0;
    for (size_t i = 0; i < transaction->output_count; i++)
        if (equal(transaction->outputs[i].script, script))
            sum += transaction->outputs[i].value;
    return sum;
}

/* The first output with this script, or NULL. */
static const Output *find_output(const Transaction *transaction, Span script)
{
    for (size_t i = 0; i < transaction->output_count; i++)
        if (equal(transaction->outputs[i].script, script))
            return &transaction->outputs[i];
    return NULL;
}

static ErrorCode compare_outputs(const Transaction *given, const Transaction *due)
{
    const Output *payee = find_output(given, due->outputs[0].script);
    if (payee == NULL)
        return WRONG_PAYEE;
    bool change_due = due->output_count > 1;
    int64_t paid = sum_outputs(given, due->outputs[0].script);
    bool one_script = change_due && equal(due->outputs[0].script, due->outputs[1].script);
    if (paid != due->outputs[0].value && !one_script)
        return paid < due->outputs[0].value ? UNDERPAID : OVERPAID;
    const Output *change = change_due ? find_output(given, due->outputs[1].script) : NULL;
    if (change_due && change == NULL)
        return given->output_count > 1 ? CHANGE_DIVERTED : CHANGE_MISSING;
    if (given->output_count > due->output_count)
        return EXTRA_OUTPUT;
    if (change_due && change->value != due->outputs[1].value)
        return change->value < due->outputs[1].value ? FEE_TOO_HIGH : FEE_TOO_LOW;
    return ACCEPTED;
}

static ErrorCode compare_numbers(const Transaction *given, const Transaction *due)
{
    if (given->version != due->version)
        return VERSION;
    if (given->locktime != due->locktime)
        return LOCKTIME;
    for (size_t i = 0; i < given->input_count; i++)
        if (given->inputs[i].sequence != FINAL_SEQUENCE)
            return SEQUENCE;
    return ACCEPTED;
}

/* The first difference of a payment, without its signatures, from the proposal. */
static ErrorCode compare_transactions(const Transaction *given, Span proposal)
{
    static Transaction due;
    static Buffer bare;
    serialise(given, WITHOUT_SCRIPTS, &bare);
    if (equal(span_of(&bare), proposal))
        return ACCEPTED;
    if (!parse_transaction(proposal, &due))
        return ALTERED;
    ErrorCode code = compare_inputs(given, &due);
    if (code == ACCEPTED)
        code = compare_outputs(given, &due);
    if (code == ACCEPTED)
        code = compare_numbers(given, &due);
    return code == ACCEPTED ? ALTERED : code;
}

/* ---------------------------------------------------------------- checks: signatures */

/* What unlocks one input. The signature ends with its hash type. */
typedef struct {
    Span signature;
    Span key;
} Unlock;

/* Cuts a direct push off a scriptSig. */
static bool cut_push(Span *script, Span *item)
{
    if (script->length == 0)
        return false;
    size_t length = script->bytes[0];
    if (length < 1 || length > 75 || length > script->length - 1)
        return false;
    *item = (Span){script->bytes + 1, length};
    script->bytes += 1 + length;
    script->length -= 1 + length;
    return true;
}

static bool find_unlock(const Input *input, const Coin *coin, Unlock *unlock)
{
    Span script = input->script;
    if (is_p2wpkh(script_span(&coin->script))) {
        if (script.length != 0 || input->witness_count != 2)
            return false;
        *unlock = (Unlock){input->witness[0], input->witness[1]};
    } else if (input->witness_count != 0 || !cut_push(&script, &unlock->signature) || !cut_push(&script, &unlock->key)
               || script.length != 0) {
        return false;
    }
    bool compressed = unlock->key.length == KEY_SIZE && (unlock->key.bytes[0] == 2 || unlock->key.bytes[0] == 3);
    return unlock->signature.length > 0 && compressed;
}

static bool key_fits(Span key, const Coin *coin)
{
    uint8_t hash[20];
    size_t offset = is_p2wpkh(script_span(&coin->script)) ? 2 : 3;
    return hash160(key, hash) && memcmp(hash, coin->script.bytes + offset, sizeof hash) == 0;
}

/* One positive DER integer without needless zeros. */
static bool cut_integer(Span *der, Span *integer)
{
    if (der->length < 2 || der->bytes[0] != 0x02)
        return false;
    size_t length = der->bytes[1];
    const uint8_t *bytes = der->bytes + 2;
    if (length < 1 || length > der->length - 2 || bytes[0] & 0x80)
        return false;
    if (length > 1 && bytes[0] == 0 && !(bytes[1] & 0x80))
        return false;
    *integer = (Span){bytes, length};
    der->bytes += 2 + length;
    der->length -= 2 + length;
    return true;
}

/* Strict DER of BIP 66, without the hash type; gives S. */
static bool is_strict_der(Span der, Span *s)
{
    Span r;
    if (der.length < 8 || der.length > 72 || der.bytes[0] != 0x30 || der.bytes[1] != der.length - 2)
        return false;
    Span body = {der.bytes + 2, der.length - 2};
    return cut_integer(&body, &r) && cut_integer(&body, s) && body.length == 0;
}

static bool is_low(Span s)
{
    static const uint8_t half_order[HASH_SIZE] = {
        0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
    };
    if (s.length != HASH_SIZE)
        return s.length < HASH_SIZE;
    return memcmp(s.bytes, half_order, HASH_SIZE) <= 0;
}

/* The 25 bytes of P2PKH that stand for a coin of either type in what is signed. */
static void script_code(const Coin *coin, uint8_t code[25])
{
    size_t offset = is_p2wpkh(script_span(&coin->script)) ? 2 : 3;
    memcpy(code, "\x76\xa9\x14", 3);
    memcpy(code + 3, coin->script.bytes + offset, 20);
    memcpy(code + 23, "\x88\xac", 2);
}

/* What BIP 143 has signed for input `k` with SIGHASH_ALL. */
static void segwit_digest(const Transaction *transaction, size_t k, const Coin *coin, uint8_t digest[HASH_SIZE])
{
    static Buffer part, whole;
    uint8_t hash[HASH_SIZE], code[25];
    whole.length = part.length = 0;
    append_little(&whole, transaction->version, 4);
    for (size_t i = 0; i < transaction->input_count; i++) {
        append(&part, transaction->inputs[i].txid, HASH_SIZE);
        append_little(&part, transaction->inputs[i].index, 4);
    }
    double_sha256(span_of(&part), hash);
    append(&whole, hash, sizeof hash);
    part.length = 0;
    for (size_t i = 0; i < transaction->input_count; i++)
        append_little(&part, transaction->inputs[i].sequence, 4);
    double_sha256(span_of(&part), hash);
    append(&whole, hash, sizeof hash);
    append(&whole, transaction->inputs[k].txid, HASH_SIZE);
    append_little(&whole, transaction->inputs[k].index, 4);
    script_code(coin, code);
    put_span(&whole, (Span){code, sizeof code});
    append_little(&whole, coin->value, 8);
    append_little(&whole, transaction->inputs[k].sequence, 4);
    part.length = 0;
    put_outputs(&part, transaction);
    double_sha256(span_of(&part), hash);
    append(&whole, hash, sizeof hash);
    append_little(&whole, transaction->locktime, 4);
    append_little(&whole, 1, 4);
    double_sha256(span_of(&whole), digest);
}

/* What a P2PKH input `k` has signed with SIGHASH_ALL. */
static void legacy_digest(const Transaction *transaction, size_t k, const Coin *coin, uint8_t digest[HASH_SIZE])
{
    static Transaction copy;
    static Buffer whole;
    uint8_t code[25];
    copy = *transaction;
    script_code(coin, code);
    for (size_t i = 0; i < copy.input_count; i++)
        copy.inputs[i].script = i == k ? (Span){code, sizeof code} : (Span){NULL, 0};
    serialise(&copy, WITH_SCRIPTS, &whole);
    append_little(&whole, 1, 4);
    double_sha256(span_of(&whole), digest);
}

static Span without_hash_type(Span signature)
{
    return (Span){signature.bytes, signature.length - 1};
}

static bool verifies(const Transaction *transaction, size_t k, const Coin *coin, const Unlock *unlock)
{
    uint8_t digest[HASH_SIZE];
    secp256k1_pubkey key;
    secp256k1_ecdsa_signature signature;
    Span der = without_hash_type(unlock->signature);
    if (is_p2wpkh(script_span(&coin->script)))
        segwit_digest(transaction, k, coin, digest);
    else
        legacy_digest(transaction, k, coin, digest);
    return secp256k1_ec_pubkey_parse(curve, &key, unlock->key.bytes, unlock->key.length) == 1
        && secp256k1_ecdsa_signature_parse_der(curve, &signature, der.bytes, der.length) == 1
        && secp256k1_ecdsa_verify(curve, &signature, digest, &key) == 1;
}

/* The rows of the table in "The socket, before it credits" are asked of one input after the other. */
static ErrorCode check_signature(const Transaction *transaction, size_t i, const Coin *coin)
{
    Unlock unlock;
    Span s;
    if (!find_unlock(&transaction->inputs[i], coin, &unlock))
        return SIGNATURE_SHAPE;
    if (!key_fits(unlock.key, coin))
        return WRONG_KEY;
    if (unlock.signature.bytes[unlock.signature.length - 1] != 0x01)
        return HASH_TYPE;
    if (!is_strict_der(without_hash_type(unlock.signature), &s))
        return SIGNATURE_ENCODING;
    if (!is_low(s))
        return HIGH_S;
    return verifies(transaction, i, coin, &unlock) ? ACCEPTED : BAD_SIGNATURE;
}

static ErrorCode check_signatures(const Transaction *transaction, const Coin *coins)
{
    if (transaction->input_count > MAX_COINS)
        return ALTERED;
    for (size_t i = 0; i < transaction->input_count; i++) {
        ErrorCode code = check_signature(transaction, i, &coins[i]);
        if (code != ACCEPTED)
            return code;
    }
    return ACCEPTED;
}

/* All checks of a payment that need no ledger. `coins` are those of the proposal's inputs, in their order. */
static ErrorCode check_payment(Span payment, Span proposal, const Coin *coins)
{
    static Transaction transaction;
    if (!parse_transaction(payment, &transaction))
        return TRANSACTION_MALFORMED;
    ErrorCode code = compare_transactions(&transaction, proposal);
    return code == ACCEPTED ? check_signatures(&transaction, coins) : code;
}

/* ---------------------------------------------------------------- the device */

typedef enum {
    IDLE,
    OFFERED,
    CHECKING_COINS,
    AWAITING_PAYMENT,
    CHECKING_PAYMENT,
    DELIVERING,
    AWAITING_TOP_UP,
    CHECKING_TOP_UP,
    SETTLING,
    SUSPENDED,
} State;

typedef enum {
    NO_EVENT,
    HELLO_NEW,
    HELLO_AGAIN,
    HELLO_UNSUITABLE,
    RESTORED,
    RESUMED,
    FUNDING_GOOD,
    FUNDING_REFUSED,
    COINS_GOOD,
    COINS_BAD,
    PAYMENT_SIGNED,
    PAYMENT_INVALID,
    PAYMENT_ACCEPTED,
    REPLY_LATE,
    CREDIT_LOW,
    CREDIT_USED_UP,
    FUNDS_AT_END,
    CONFLICT_SEEN,
    LEDGER_LOST,
    CLOSE_RECEIVED,
    CABLE_GONE, /* unplugged, or own contact or meter out of order */
    CABLE_SILENT,
    SETTLED,
    SETTLEMENT_FAILED,
    SETTLEMENT_LOST,
    SETTLEMENT_DUE,
} Event;

/* The session that is running, or settling. */
typedef struct {
    uint8_t id[ID_SIZE];
    int64_t taken; /* highest sequence number taken from the cable, -1 before the first */
    uint32_t sent; /* sequence number sent last */
    Terms terms;
    Funds funds;
    uint64_t limit;         /* most payments: the smaller of offer and budget */
    Coin coins[MAX_COINS];  /* the agreed coins of the next payment */
    size_t coin_count;
    uint64_t payments;      /* accepted */
    Buffer newest;          /* signed transaction of the payment accepted last */
    Buffer proposal;        /* unsigned transaction that was asked for last */
    Buffer candidate;       /* signed transaction that is being examined */
    uint64_t asked;         /* number of the payment asked for last */
    int64_t energy_offset;  /* µWh to add to the meter for the energy of this session */
    uint64_t remembered;    /* mWh written down last */
    bool restored;          /* the session is from before a restart */
    CloseReason reason;     /* why it ends, once it does */
    bool on_ledger;         /* the newest transaction is there, so CLOSE names it */
    bool settlement_failed; /* at least one attempt got no useful answer */
    int64_t begun, heard;   /* instants of its HELLO and of the last new message */
} Session;

/* What is said in ERROR when a transition has `send_refusal`. */
typedef struct {
    ErrorCode code;
    char text[MAX_TEXT + 1];
    bool of_stranger; /* about a session that the socket does not have: sequence 0 */
    uint8_t session[ID_SIZE];
} Refusal;

/* The ledger answers one question of each desk at a time. */
typedef enum { TRADE, LOOKOUT, STEWARD, KEEPER, DESKS } Desk;

typedef enum {
    READY_FOR_HELLO,
    READY_FOR_COINS,
    COIN_STATE,
    READY_FOR_PAYMENT,
    PAYMENT_COIN,
    PAYMENT_HAD,
    PAYMENT_ACCEPTABLE,
    PAYMENT_BROADCAST,
    SETTLEMENT,
    LOOK_AT_COINS,
    LOOK_AT_NEWEST,
    LOOK_UP_CHAIN,
    STEWARD_READY,
    KEEP_LOOK,
    KEEP_BROADCAST,
    KEEP_CONFLICT,
} Purpose;

typedef struct {
    uint64_t id; /* 0: nothing is asked */
    Purpose purpose;
    int64_t deadline;
} Question;

/* A transaction that was broadcast and is not yet final; it has a file of its own. */
typedef struct {
    uint64_t serial;
    uint8_t txid[HASH_SIZE];
    uint8_t *bytes;
    size_t length;
} Kept;

static struct {
    int64_t now;
    State state;
    Session session;
    Refusal refusal;
    Event follow_up; /* raised by an action, handled after the transition */

    /* What it was set to. */
    char storage[PATH_MAX];
    PublicNode addresses;
    Terms terms;

    /* The line. */
    FrameReader line;
    uint64_t bad_frames, bad_messages;
    uint8_t past[PAST_SESSIONS][ID_SIZE];
    size_t past_count, past_next;
    uint8_t caller[ID_SIZE]; /* a HELLO that waits for the ledger */
    uint32_t caller_sequence;

    /* Contact, plug and meter. */
    bool contact_closed; /* as commanded */
    int64_t contact_commanded;
    bool contact_reads_closed, plugged, meter_answers;
    bool out_of_order;
    bool overload, overload_ends; /* the appliance draws more than is sold; for too long */
    int64_t overload_since;
    int64_t meter_register; /* µWh, as read last; it begins anywhere */
    bool meter_seen;
    bool damaged; /* a record of the storage: nothing is done until a person has seen to it */
    int64_t meter_energy; /* µWh since power-on */
    int64_t meter_power;  /* mW */
    int64_t read_at;
    int64_t still_energy; /* nJ that should have been counted since the count moved last */
    bool meter_moved;

    /* Timers. */
    int64_t reply_due, meter_due, settle_due, look_due, steward_due, keeper_due;

    /* The ledger. */
    Question questions[DESKS];
    uint64_t last_question;
    size_t coin_asked;
    Buffer looked_at; /* transaction of the chain that the lookout asks about */

    /* Transactions to look after. */
    Kept *kept;
    size_t kept_count, kept_at; /* the keeper asks about the one at `kept_at` */
    bool kept_spent;            /* the ledger says that its coins are gone */
    uint64_t last_serial;
} dev;

static void fire(Event event);

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("console ", stdout);
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
}

static void note_txid(const char *text, const uint8_t txid[HASH_SIZE])
{
    printf("console %s ", text);
    print_txid(stdout, txid);
    putchar('\n');
}

static bool in_session(void)
{
    return dev.state != IDLE;
}

/* Whether a first payment was asked for and the session is not over. */
static bool in_trade(void)
{
    return dev.state >= AWAITING_PAYMENT && dev.state != SETTLING;
}

static bool power_flows(void)
{
    return dev.state == DELIVERING || dev.state == AWAITING_TOP_UP || dev.state == CHECKING_TOP_UP;
}

/* Energy of the session in whole mWh. */
static uint64_t session_energy(void)
{
    int64_t energy = (dev.meter_energy + dev.session.energy_offset) / 1000;
    if (energy < 0)
        return 0;
    return energy > (int64_t)UINT32_MAX ? UINT32_MAX : (uint64_t)energy;
}

/* floor(n x quantum x 1000 / tariff), at most what RECEIPT can say. */
static uint64_t energy_bought(const Terms *terms, uint64_t n)
{
    uint64_t paid = n * terms->quantum; /* at most what the coins hold, far below 2^64 */
    uint64_t whole = paid / terms->tariff;
    if (whole > UINT32_MAX / 1000)
        return UINT32_MAX;
    uint64_t energy = whole * 1000 + paid % terms->tariff * 1000 / terms->tariff;
    return energy > UINT32_MAX ? UINT32_MAX : energy;
}

static uint64_t credited(void)
{
    return energy_bought(&dev.session.terms, dev.session.payments);
}

/* ---------------------------------------------------------------- storage: addresses */

/* A number that only grows, kept in a file of its own; 0 if there is none yet. */
static uint64_t load_counter(const char *name)
{
    char *whole, text[32];
    uint64_t value = 0;
    FILE *file = open_whole(dev.storage, name, &whole, &dev.damaged);
    if (file == NULL)
        return 0;
    if (fgets(text, sizeof text, file) == NULL || !read_decimal(text, UINT64_MAX, &value))
        dev.damaged = true;
    fclose(file);
    free(whole);
    return value;
}

static bool store_counter(const char *name, uint64_t value)
{
    Draft draft;
    if (!begin_file(&draft, dev.storage, name))
        return false;
    fprintf(draft.file, "%" PRIu64 "\n", value);
    return finish_file(&draft);
}

/* The next receiving script. Its number is used up before anybody sees it. */
static bool fresh_script(Script *script)
{
    uint64_t number = load_counter("addresses");
    return !dev.damaged && number < UINT32_C(0x80000000) && store_counter("addresses", number + 1)
        && receiving_script(&dev.addresses, (uint32_t)number, script);
}

/* ---------------------------------------------------------------- storage: the session */

#define SESSION_FILE "session"

static void write_hex_line(FILE *file, const char *name, Span span)
{
    fprintf(file, "%s ", name);
    print_hex(file, span);
    fputc('\n', file);
}

static void offer_message(Buffer *buffer, uint32_t sequence)
{
    put_header(buffer, OFFER, dev.session.id, sequence, 8);
    put_terms(buffer, &dev.session.terms);
}

static void funding_message(Buffer *buffer)
{
    const Funds *funds = &dev.session.funds;
    put_header(buffer, FUNDING, dev.session.id, 0, 3);
    put_head(buffer, CBOR_ARRAY, funds->coin_count);
    for (size_t i = 0; i < funds->coin_count; i++) {
        put_head(buffer, CBOR_ARRAY, 4);
        put_bytes(buffer, (Span){funds->coins[i].txid, HASH_SIZE});
        put_number(buffer, funds->coins[i].index);
        put_number(buffer, funds->coins[i].value);
        put_bytes(buffer, script_span(&funds->coins[i].script));
    }
    put_bytes(buffer, script_span(&funds->change));
    put_number(buffer, funds->max_payments);
}

/* Writes the session down; what depends on it comes after. */
static bool store_session(void)
{
    static Buffer offer, funding;
    Session *session = &dev.session;
    Draft draft;
    offer_message(&offer, 0);
    funding_message(&funding);
    if (!begin_file(&draft, dev.storage, SESSION_FILE))
        return false;
    session->remembered = session_energy();
    fprintf(draft.file, "firmware %d\n", FIRMWARE);
    fprintf(draft.file, "sequences %" PRIu32 " %" PRId64 "\n", session->sent, session->taken);
    fprintf(draft.file, "energy %" PRIu64 "\n", session->remembered);
    fprintf(draft.file, "payments %" PRIu64 "\n", session->payments);
    fprintf(draft.file, "reason %d\n", (int)session->reason);
    write_hex_line(draft.file, "offer", span_of(&offer));
    write_hex_line(draft.file, "funding", span_of(&funding));
    write_hex_line(draft.file, "newest", span_of(&session->newest));
    fputs("end\n", draft.file);
    return finish_file(&draft);
}

/* Per-payment: the change of the newest payment is the one coin of the next. */
static bool spend_change_next(void)
{
    static Transaction transaction;
    Session *session = &dev.session;
    if (session->terms.mode != PER_PAYMENT || session->payments == 0)
        return true;
    session->coin_count = 0;
    if (!parse_transaction(span_of(&session->newest), &transaction))
        return false;
    if (transaction.output_count < 2)
        return true;
    Coin *coin = &session->coins[0];
    coin->index = 1;
    coin->value = (uint64_t)transaction.outputs[1].value;
    coin->script = session->funds.change;
    session->coin_count = 1;
    return transaction_id(span_of(&session->newest), coin->txid);
}

static void agree_on_coins(void)
{
    Session *session = &dev.session;
    memcpy(session->coins, session->funds.coins, sizeof session->coins);
    session->coin_count = session->funds.coin_count;
    session->limit = session->funds.max_payments < session->terms.max_payments ? session->funds.max_payments
                                                                                 : session->terms.max_payments;
}

/* One line `name value` of the session record; NULL if it is another. */
static char *record_line(FILE *file, char **line, size_t *capacity, const char *name)
{
    if (getline(line, capacity, file) < 0)
        return NULL;
    char *rest = *line;
    rest[strcspn(rest, "\n")] = '\0';
    return strcmp(next_word(&rest), name) == 0 ? rest : NULL;
}

static bool record_number(FILE *file, char **line, size_t *capacity, const char *name, uint64_t max, uint64_t *value)
{
    char *text = record_line(file, line, capacity, name);
    return text != NULL && read_decimal(text, max, value);
}

static bool record_bytes(FILE *file, char **line, size_t *capacity, const char *name, Buffer *buffer)
{
    char *text = record_line(file, line, capacity, name);
    return text != NULL && from_hex(text, buffer->bytes, sizeof buffer->bytes, &buffer->length);
}

static bool read_sequences(char *text, Session *session)
{
    uint64_t sent, taken;
    if (text == NULL || !read_decimal(next_word(&text), UINT32_MAX, &sent) || !read_decimal(text, UINT32_MAX, &taken))
        return false;
    session->sent = (uint32_t)sent;
    session->taken = (int64_t)taken;
    return true;
}

static bool read_agreement(const Buffer *offer, const Buffer *funding, Session *session)
{
    static Message message;
    if (decode_message(span_of(offer), &message) != GOOD || message.type != OFFER)
        return false;
    memcpy(session->id, message.session, ID_SIZE);
    session->terms = message.terms;
    if (decode_message(span_of(funding), &message) != GOOD || message.type != FUNDING)
        return false;
    session->funds = message.funds;
    return true;
}

static bool read_session(FILE *file, char **line, size_t *capacity)
{
    static Buffer offer, funding;
    Session *session = &dev.session;
    uint64_t reason, firmware;
    /* a record of a newer version says what this one does not know */
    if (!record_number(file, line, capacity, "firmware", FIRMWARE, &firmware)
        || !read_sequences(record_line(file, line, capacity, "sequences"), session)
        || !record_number(file, line, capacity, "energy", UINT32_MAX, &session->remembered)
        || !record_number(file, line, capacity, "payments", UINT16_MAX, &session->payments)
        || !record_number(file, line, capacity, "reason", LAST_REASON, &reason)
        || !record_bytes(file, line, capacity, "offer", &offer)
        || !record_bytes(file, line, capacity, "funding", &funding)
        || !record_bytes(file, line, capacity, "newest", &session->newest)
        || record_line(file, line, capacity, "end") == NULL || !read_agreement(&offer, &funding, session))
        return false;
    session->reason = (CloseReason)reason;
    agree_on_coins();
    return spend_change_next();
}

static bool load_session(void)
{
    char *whole, *line = NULL;
    size_t capacity = 0;
    FILE *file = open_whole(dev.storage, SESSION_FILE, &whole, &dev.damaged);
    if (file == NULL)
        return false;
    memset(&dev.session, 0, sizeof dev.session);
    bool good = read_session(file, &line, &capacity);
    free(line);
    fclose(file);
    free(whole);
    dev.damaged = dev.damaged || !good;
    return good;
}

/* ---------------------------------------------------------------- storage: transactions to look after */

static void kept_name(uint64_t serial, char name[32])
{
    snprintf(name, 32, "sent-%020" PRIu64, serial);
}

static bool add_kept(uint64_t serial, Span bytes)
{
    Kept *grown = realloc(dev.kept, (dev.kept_count + 1) * sizeof *grown);
    if (grown == NULL)
        return false;
    dev.kept = grown;
    Kept *kept = &dev.kept[dev.kept_count];
    kept->serial = serial;
    kept->length = bytes.length;
    kept->bytes = malloc(bytes.length + 1);
    if (kept->bytes == NULL)
        return false;
    memcpy(kept->bytes, bytes.bytes, bytes.length);
    if (!transaction_id(bytes, kept->txid)) {
        free(kept->bytes);
        return false;
    }
    dev.kept_count++;
    return true;
}

static Span kept_span(const Kept *kept)
{
    return (Span){kept->bytes, kept->length};
}

static Kept *find_kept(const uint8_t txid[HASH_SIZE])
{
    for (size_t i = 0; i < dev.kept_count; i++)
        if (memcmp(dev.kept[i].txid, txid, HASH_SIZE) == 0)
            return &dev.kept[i];
    return NULL;
}

/* Writes a transaction down before it is sent; true if that is done, now or before. */
static bool keep_transaction(Span bytes)
{
    uint8_t txid[HASH_SIZE];
    char name[32];
    Draft draft;
    if (!transaction_id(bytes, txid))
        return false;
    if (find_kept(txid) != NULL)
        return true;
    kept_name(dev.last_serial + 1, name);
    if (!begin_file(&draft, dev.storage, name))
        return false;
    print_hex(draft.file, bytes);
    fputc('\n', draft.file);
    if (!finish_file(&draft))
        return false;
    return add_kept(++dev.last_serial, bytes);
}

static void drop_kept(size_t index)
{
    char name[32];
    kept_name(dev.kept[index].serial, name);
    remove_file(dev.storage, name);
    free(dev.kept[index].bytes);
    dev.kept_count--;
    memmove(&dev.kept[index], &dev.kept[index + 1], (dev.kept_count - index) * sizeof *dev.kept);
    if (dev.kept_at == index)
        dev.questions[KEEPER].id = 0;
    if (dev.kept_at > index)
        dev.kept_at--;
}

static void drop_transaction(Span bytes)
{
    uint8_t txid[HASH_SIZE];
    Kept *kept = transaction_id(bytes, txid) ? find_kept(txid) : NULL;
    if (kept != NULL)
        drop_kept((size_t)(kept - dev.kept));
}

static void load_kept(uint64_t serial)
{
    static Buffer bytes;
    char name[32], *whole, *line = NULL;
    size_t capacity = 0;
    kept_name(serial, name);
    FILE *file = open_whole(dev.storage, name, &whole, &dev.damaged);
    if (file == NULL)
        return;
    bool good = getline(&line, &capacity, file) > 0
        && from_hex(line, bytes.bytes, sizeof bytes.bytes, &bytes.length) && add_kept(serial, span_of(&bytes));
    free(line);
    fclose(file);
    free(whole);
    dev.damaged = dev.damaged || !good;
}

static int compare_serials(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Loads them in the order in which they were sent, so that parents come before children. */
static void load_all_kept(void)
{
    uint64_t *serials = NULL, serial;
    size_t count = 0;
    DIR *folder = opendir(dev.storage);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        if (strncmp(entry->d_name, "sent-", 5) != 0 || !read_decimal(entry->d_name + 5, UINT64_MAX, &serial))
            continue;
        uint64_t *grown = realloc(serials, (count + 1) * sizeof *grown);
        if (grown == NULL)
            break;
        serials = grown;
        serials[count++] = serial;
    }
    if (folder != NULL)
        closedir(folder);
    if (count > 0)
        qsort(serials, count, sizeof *serials, compare_serials);
    for (size_t i = 0; i < count; i++)
        load_kept(serials[i]);
    dev.last_serial = count > 0 ? serials[count - 1] : 0;
    free(serials);
}

/* ---------------------------------------------------------------- questions to the ledger */

/* Begins a question; its words follow on the same line. An earlier one of the desk counts for nothing from now on. */
static void begin_question(Desk desk, Purpose purpose)
{
    dev.questions[desk] = (Question){++dev.last_question, purpose, dev.now + LEDGER_ANSWER};
    printf("ask %" PRIu64 " ", dev.last_question);
}

static void ask_ready(Desk desk, Purpose purpose)
{
    begin_question(desk, purpose);
    puts("ready");
}

static void ask_coin(Desk desk, Purpose purpose, const uint8_t txid[HASH_SIZE], uint32_t index)
{
    begin_question(desk, purpose);
    fputs("coin ", stdout);
    print_txid(stdout, txid);
    printf(" %" PRIu32 "\n", index);
}

/* `what` is accepts, broadcast or conflict. */
static void ask_about(Desk desk, Purpose purpose, const char *what, Span transaction)
{
    begin_question(desk, purpose);
    printf("%s ", what);
    print_hex(stdout, transaction);
    putchar('\n');
}

static void forget_question(Desk desk)
{
    dev.questions[desk].id = 0;
}

/* ---------------------------------------------------------------- sending */

static void send_message(const Buffer *message)
{
    uint8_t frame[MAX_ENCODED + 1];
    size_t length = encode_frame(span_of(message), frame);
    fputs("link ", stdout);
    print_hex(stdout, (Span){frame, length});
    putchar('\n');
}

/* The sequence does not wrap. */
static uint32_t next_sequence(void)
{
    if (dev.session.sent < UINT32_MAX)
        dev.session.sent++;
    return dev.session.sent;
}

static void send_stranger_error(const uint8_t session[ID_SIZE], ErrorCode code, const char *text)
{
    static Buffer message;
    put_error(&message, session, 0, code, text);
    send_message(&message);
}

static void send_session_error(ErrorCode code, const char *text)
{
    static Buffer message;
    put_error(&message, dev.session.id, next_sequence(), code, text);
    send_message(&message);
}

static void send_request(void)
{
    static Buffer message;
    put_header(&message, PAYMENT_REQUEST, dev.session.id, next_sequence(), 3);
    put_number(&message, dev.session.asked);
    put_bytes(&message, span_of(&dev.session.proposal));
    put_number(&message, session_energy());
    send_message(&message);
    dev.reply_due = dev.now + REPLY;
}

static void send_receipt(uint32_t sequence)
{
    static Buffer message;
    put_header(&message, RECEIPT, dev.session.id, sequence, 2);
    put_number(&message, dev.session.payments);
    put_number(&message, credited());
    send_message(&message);
}

static void send_meter(void)
{
    static Buffer message;
    put_header(&message, METER, dev.session.id, next_sequence(), 1);
    put_number(&message, session_energy());
    send_message(&message);
}

/* ---------------------------------------------------------------- refusals */

static void refuse_with(ErrorCode code, const char *detail)
{
    dev.refusal.code = code;
    dev.refusal.of_stranger = false;
    snprintf(dev.refusal.text, sizeof dev.refusal.text, "%s%s%s", code_name(code), *detail ? ": " : "", detail);
}

static void refuse_stranger_with(const uint8_t session[ID_SIZE], ErrorCode code, const char *detail)
{
    refuse_with(code, detail);
    dev.refusal.of_stranger = true;
    memcpy(dev.refusal.session, session, ID_SIZE);
}

/* ---------------------------------------------------------------- actions of the state machine */

static Bill next_bill(void)
{
    Session *session = &dev.session;
    uint64_t quanta = session->terms.mode == SINGLE_FEE ? session->payments + 1 : 1;
    return (Bill){session->coins, session->coin_count, quanta, session->terms.quantum, session->terms.fee_rate,
                  &session->terms.payee, &session->funds.change};
}

static bool at_limit(void)
{
    return dev.session.payments >= dev.session.limit;
}

static bool coins_at_end(void)
{
    uint64_t payment, change;
    Bill bill = next_bill();
    return !divide_coins(&bill, &payment, &change);
}

static void remember_past(const uint8_t id[ID_SIZE])
{
    memcpy(dev.past[dev.past_next], id, ID_SIZE);
    dev.past_next = (dev.past_next + 1) % PAST_SESSIONS;
    if (dev.past_count < PAST_SESSIONS)
        dev.past_count++;
}

static void fail_device(const char *why)
{
    if (dev.out_of_order)
        return;
    dev.out_of_order = true;
    note("out of order: %s", why);
    dev.follow_up = CABLE_GONE;
}

static void forget_trade(void)
{
    forget_question(TRADE);
    forget_question(LOOKOUT);
    forget_question(STEWARD);
}

static void begin_session(void)
{
    Session *session = &dev.session;
    forget_trade();
    if (dev.state != IDLE && memcmp(session->id, dev.caller, ID_SIZE) == 0)
        return;
    if (dev.state != IDLE)
        remember_past(session->id);
    dev.overload_ends = false;
    memset(session, 0, sizeof *session);
    memcpy(session->id, dev.caller, ID_SIZE);
    session->taken = dev.caller_sequence;
    session->terms = dev.terms;
    session->energy_offset = -dev.meter_energy;
    session->begun = session->heard = dev.now;
    if (!fresh_script(&session->terms.payee))
        fail_device("the storage does not take a new address");
}

static void send_offer(void)
{
    static Buffer message;
    if (dev.follow_up == CABLE_GONE)
        return;
    offer_message(&message, next_sequence());
    send_message(&message);
}

static void await_cable(void)
{
    dev.session.begun = dev.session.heard = dev.now;
}

static void send_refusal(void)
{
    if (dev.refusal.of_stranger)
        send_stranger_error(dev.refusal.session, dev.refusal.code, dev.refusal.text);
    else
        send_session_error(dev.refusal.code, dev.refusal.text);
    note("refused: %s", dev.refusal.text);
}

static void examine_coins(void)
{
    dev.coin_asked = 0;
    ask_ready(TRADE, READY_FOR_COINS);
}

static void propose_payment(void)
{
    Bill bill = next_bill();
    if (!build_payment(&bill, &dev.session.proposal)) {
        refuse_with(FUNDS_EXHAUSTED, "");
        dev.follow_up = FUNDS_AT_END;
        return;
    }
    dev.session.asked = dev.session.payments + 1;
    dev.session.begun = dev.now;
    send_request();
}

static void repeat_request(void)
{
    send_request();
}

static void examine_payment(void)
{
    ask_ready(TRADE, READY_FOR_PAYMENT);
}

/* The receipt's number is in the record that is written before it. */
static void credit_payment(void)
{
    Session *session = &dev.session;
    session->newest = session->candidate;
    session->payments = session->asked;
    uint32_t sequence = next_sequence();
    if (!spend_change_next() || !store_session()) {
        session->payments--;
        session->sent--; /* the number of a receipt that is not sent */
        fail_device("the storage does not take a payment");
        return;
    }
    send_receipt(sequence);
    note("payment %" PRIu64 " accepted, %" PRIu64 " mWh credited", session->payments, credited());
}

static void command_contact(bool closed)
{
    if (dev.contact_closed == closed)
        return;
    dev.contact_closed = closed;
    dev.contact_commanded = dev.now;
    dev.still_energy = 0;
    puts(closed ? "contact closed" : "contact open");
}

static void close_contact(void)
{
    if (dev.follow_up == CABLE_GONE)
        return;
    command_contact(true);
    dev.meter_due = dev.now + METER_PERIOD;
    dev.look_due = dev.now + LOOKOUT_PERIOD;
    dev.steward_due = dev.now + STEWARD_PERIOD;
}

static void open_contact(void)
{
    command_contact(false);
    forget_question(LOOKOUT);
    forget_question(STEWARD);
}

/* Single-fee: broadcasts the newest transaction, which is written down first, and with it why the session ends. */
static void settle(void)
{
    Session *session = &dev.session;
    forget_trade();
    dev.settle_due = NEVER;
    if (session->payments == 0 || session->terms.mode == PER_PAYMENT) {
        session->on_ledger = session->payments > 0;
        dev.follow_up = SETTLED;
        return;
    }
    if (!store_session() || !keep_transaction(span_of(&session->newest)))
        note("the storage does not take the settlement");
    ask_about(TRADE, SETTLEMENT, "broadcast", span_of(&session->newest));
}

static void retry_later(void)
{
    dev.session.settlement_failed = true;
    dev.settle_due = dev.now + SETTLE_PAUSE;
}

static void send_close(void)
{
    static Buffer message;
    uint8_t txid[HASH_SIZE];
    Span named = {txid, 0};
    if (dev.session.on_ledger && transaction_id(span_of(&dev.session.newest), txid))
        named.length = HASH_SIZE;
    put_header(&message, CLOSE, dev.session.id, next_sequence(), 3);
    put_number(&message, dev.session.reason);
    put_number(&message, session_energy());
    put_bytes(&message, named);
    send_message(&message);
    note("session closed, reason %d, %" PRIu64 " payments", (int)dev.session.reason, dev.session.payments);
}

static void end_session(void)
{
    forget_trade();
    remember_past(dev.session.id);
    if (dev.session.payments > 0 && !remove_file(dev.storage, SESSION_FILE))
        note("the storage does not let go of the session");
}

/* ---------------------------------------------------------------- transitions: the table of "The socket" */

#define IN(state) (1u << (state))
#define BEFORE_COINS (IN(OFFERED) | IN(CHECKING_COINS))
#define UNPOWERED (IN(AWAITING_PAYMENT) | IN(CHECKING_PAYMENT))
#define POWERED (IN(DELIVERING) | IN(AWAITING_TOP_UP) | IN(CHECKING_TOP_UP))
#define TRADING (UNPOWERED | POWERED)
enum { SAME = -1 };

typedef void (*Action)(void);

typedef struct {
    unsigned states;
    Event event;
    int next;
    Action actions[4];
} Transition;

static const Transition transitions[] = {
    {IN(IDLE) | BEFORE_COINS, HELLO_NEW, OFFERED, {begin_session, send_offer}},
    {TRADING | IN(SUSPENDED), HELLO_NEW, SETTLING, {open_contact, settle}},
    {TRADING, HELLO_AGAIN, SAME, {send_offer}},
    {IN(IDLE), HELLO_UNSUITABLE, IDLE, {send_refusal}},
    {BEFORE_COINS, HELLO_UNSUITABLE, IDLE, {send_refusal, end_session}},
    {IN(IDLE), RESTORED, SUSPENDED, {await_cable}},
    {IN(SUSPENDED), RESUMED, DELIVERING, {close_contact}},
    {IN(OFFERED), FUNDING_GOOD, CHECKING_COINS, {examine_coins}},
    {IN(OFFERED), FUNDING_REFUSED, IDLE, {send_refusal, end_session}},
    {IN(CHECKING_COINS), COINS_GOOD, AWAITING_PAYMENT, {propose_payment}},
    {IN(CHECKING_COINS), COINS_BAD, IDLE, {send_refusal, end_session}},
    {IN(AWAITING_PAYMENT), PAYMENT_SIGNED, CHECKING_PAYMENT, {examine_payment}},
    {IN(AWAITING_TOP_UP), PAYMENT_SIGNED, CHECKING_TOP_UP, {examine_payment}},
    {TRADING, PAYMENT_INVALID, SETTLING, {open_contact, send_refusal, settle}},
    {IN(CHECKING_PAYMENT), PAYMENT_ACCEPTED, DELIVERING, {credit_payment, close_contact}},
    {IN(CHECKING_TOP_UP), PAYMENT_ACCEPTED, DELIVERING, {credit_payment}},
    {IN(AWAITING_PAYMENT) | IN(AWAITING_TOP_UP), REPLY_LATE, SAME, {repeat_request}},
    {IN(DELIVERING), CREDIT_LOW, AWAITING_TOP_UP, {propose_payment}},
    {IN(IDLE), CREDIT_USED_UP, SETTLING, {settle}},
    {IN(DELIVERING) | IN(AWAITING_TOP_UP), CREDIT_USED_UP, SETTLING, {open_contact, settle}},
    {IN(CHECKING_TOP_UP), CREDIT_USED_UP, CHECKING_PAYMENT, {open_contact}},
    {IN(AWAITING_PAYMENT), FUNDS_AT_END, SETTLING, {open_contact, send_refusal, settle}},
    {IN(AWAITING_TOP_UP), FUNDS_AT_END, DELIVERING, {NULL}},
    {POWERED, CONFLICT_SEEN, SETTLING, {open_contact, send_refusal, settle}},
    {IN(CHECKING_COINS), LEDGER_LOST, IDLE, {send_refusal, end_session}},
    {TRADING, LEDGER_LOST, SETTLING, {open_contact, send_refusal, settle}},
    {BEFORE_COINS, CLOSE_RECEIVED, IDLE, {send_close, end_session}},
    {BEFORE_COINS, CABLE_SILENT, IDLE, {send_close, end_session}},
    {BEFORE_COINS, CABLE_GONE, IDLE, {send_close, end_session}},
    {TRADING | IN(SUSPENDED), CLOSE_RECEIVED, SETTLING, {open_contact, settle}},
    {TRADING | IN(SUSPENDED), CABLE_SILENT, SETTLING, {open_contact, settle}},
    {TRADING | IN(SUSPENDED), CABLE_GONE, SETTLING, {open_contact, settle}},
    {IN(SETTLING), SETTLED, IDLE, {send_close, end_session}},
    {IN(SETTLING), SETTLEMENT_FAILED, SETTLING, {retry_later}},
    {IN(SETTLING), SETTLEMENT_LOST, IDLE, {send_close, end_session}},
    {IN(SETTLING), SETTLEMENT_DUE, SETTLING, {settle}},
};

static const Transition *find_transition(Event event)
{
    for (size_t i = 0; i < sizeof transitions / sizeof transitions[0]; i++)
        if (transitions[i].event == event && transitions[i].states & IN(dev.state))
            return &transitions[i];
    return NULL;
}

/* What CLOSE tells when this event ends the session. */
static CloseReason reason_of(Event event)
{
    switch (event) {
    case CREDIT_USED_UP:
        return at_limit() ? LIMIT_REACHED : coins_at_end() ? REASON_FUNDS_EXHAUSTED : CREDIT_SPENT;
    case FUNDS_AT_END:
        return REASON_FUNDS_EXHAUSTED;
    case PAYMENT_INVALID:
    case CONFLICT_SEEN:
    case LEDGER_LOST:
        return REFUSED;
    case CLOSE_RECEIVED:
        return PEER_CLOSED;
    case CABLE_SILENT:
        return PEER_SILENT;
    case CABLE_GONE:
        return dev.out_of_order || dev.overload_ends ? FAULT : UNPLUGGED;
    case HELLO_NEW:
        return PEER_RESTARTED;
    default:
        return NO_REASON;
    }
}

/* Carries out one transition; what is not listed changes nothing. */
static void carry_out(Event event)
{
    const Transition *transition = find_transition(event);
    if (transition == NULL)
        return;
    if (dev.session.reason == NO_REASON && (transition->next == SETTLING || transition->next == IDLE))
        dev.session.reason = reason_of(event);
    for (size_t i = 0; i < 4 && transition->actions[i] != NULL; i++)
        transition->actions[i]();
    if (transition->next != SAME)
        dev.state = (State)transition->next;
}

static void fire(Event event)
{
    while (event != NO_EVENT) {
        dev.follow_up = NO_EVENT;
        carry_out(event);
        event = dev.follow_up;
    }
}

/* ---------------------------------------------------------------- incoming messages */

static bool is_past(const uint8_t id[ID_SIZE])
{
    for (size_t i = 0; i < dev.past_count; i++)
        if (memcmp(dev.past[i], id, ID_SIZE) == 0)
            return true;
    return false;
}

static bool is_current(const uint8_t id[ID_SIZE])
{
    return in_session() && memcmp(dev.session.id, id, ID_SIZE) == 0;
}

static bool is_suitable(const Message *hello)
{
    return hello->network == REGTEST && hello->modes >> dev.terms.mode & 1;
}

/* Counts the message if it is new in the session. */
static bool take_sequence(const Message *message)
{
    if ((int64_t)message->sequence <= dev.session.taken)
        return false;
    dev.session.taken = message->sequence;
    dev.session.heard = dev.now;
    return true;
}

/* Goes on in the session from before the restart. */
static void resume(void)
{
    if (dev.state == SUSPENDED) {
        note("the session goes on");
        fire(RESUMED);
    }
}

static void on_current_hello(const Message *hello)
{
    if (dev.state == CHECKING_COINS || dev.state == SETTLING || !take_sequence(hello))
        return;
    memcpy(dev.caller, hello->session, ID_SIZE);
    if (dev.state == SUSPENDED) {
        send_offer();
        resume();
    } else if (dev.state == OFFERED && !is_suitable(hello)) {
        refuse_with(UNSUITABLE, "no common mode, or another network");
        fire(HELLO_UNSUITABLE);
    } else if (dev.state == OFFERED) {
        fire(HELLO_NEW);
    } else {
        fire(HELLO_AGAIN);
    }
}

/* A HELLO of a session that is new: the ledger is asked first, since nothing is offered without it. */
static void on_new_hello(const Message *hello)
{
    if (dev.state == SETTLING) {
        if (dev.session.settlement_failed)
            send_stranger_error(hello->session, LEDGER_UNAVAILABLE, "LEDGER_UNAVAILABLE: one is still being settled");
        return;
    }
    if (in_trade()) {
        fire(HELLO_NEW);
        return;
    }
    if (!is_suitable(hello)) {
        refuse_stranger_with(hello->session, UNSUITABLE, "no common mode, or another network");
        fire(HELLO_UNSUITABLE);
        return;
    }
    if (!dev.meter_answers) {
        fail_device("the meter does not answer");
        fire(dev.follow_up);
        return;
    }
    memcpy(dev.caller, hello->session, ID_SIZE);
    dev.caller_sequence = hello->sequence;
    ask_ready(STEWARD, READY_FOR_HELLO);
}

static void on_hello(const Message *hello)
{
    if (is_past(hello->session))
        send_stranger_error(hello->session, SESSION_REUSED, "SESSION_REUSED");
    else if (is_current(hello->session))
        on_current_hello(hello);
    else if (dev.plugged)
        on_new_hello(hello);
}

static bool same_funds(const Funds *a, const Funds *b)
{
    if (a->coin_count != b->coin_count || !equal(script_span(&a->change), script_span(&b->change)))
        return false;
    for (size_t i = 0; i < a->coin_count; i++)
        if (!same_coin(&a->coins[i], &b->coins[i]))
            return false;
    return true;
}

static void on_funding(const Message *message)
{
    if (dev.state != OFFERED) {
        if (!same_funds(&message->funds, &dev.session.funds))
            send_session_error(UNEXPECTED, "UNEXPECTED: other coins than those agreed");
        return;
    }
    ErrorCode code = check_funding(&dev.session.terms, &message->funds);
    if (code != ACCEPTED) {
        refuse_with(code, "");
        fire(FUNDING_REFUSED);
        return;
    }
    dev.session.funds = message->funds;
    agree_on_coins();
    fire(FUNDING_GOOD);
}

/* The newest payment, said again, gets its receipt again. */
static void on_taken_payment(const Message *payment)
{
    const Session *session = &dev.session;
    bool newest = payment->n == session->payments;
    if (newest && same_unsigned(span_of(&payment->transaction), span_of(&session->newest))) {
        if (dev.contact_closed)
            send_receipt(next_sequence());
    } else if (dev.session.asked == 0) {
        send_session_error(UNEXPECTED, "UNEXPECTED: no payment was asked for");
    } else {
        refuse_with(NOT_NEXT, "that payment is past");
        fire(PAYMENT_INVALID);
    }
}

static void on_due_payment(const Message *payment)
{
    Session *session = &dev.session;
    bool examined = dev.state == CHECKING_PAYMENT || dev.state == CHECKING_TOP_UP;
    Span bytes = span_of(&payment->transaction);
    if (examined && same_unsigned(bytes, span_of(&session->candidate)))
        return;
    ErrorCode code = check_payment(bytes, span_of(&session->proposal), session->coins);
    if (code != ACCEPTED) {
        refuse_with(code, "");
        fire(PAYMENT_INVALID);
        return;
    }
    session->candidate = payment->transaction;
    fire(PAYMENT_SIGNED);
}

/* After a restart the cable may answer a request that this side no longer knows of: it is made again. */
static void renew_request(uint64_t n)
{
    if (dev.state == DELIVERING && dev.session.restored && n == dev.session.payments + 1 && !at_limit())
        fire(CREDIT_LOW);
}

static void on_payment(const Message *payment)
{
    if (dev.state == OFFERED || dev.state == CHECKING_COINS) {
        send_session_error(UNEXPECTED, "UNEXPECTED: no payment was asked for");
        return;
    }
    resume();
    renew_request(payment->n);
    bool asked = dev.state != DELIVERING && payment->n == dev.session.payments + 1;
    if (asked)
        on_due_payment(payment);
    else if (payment->n <= dev.session.payments)
        on_taken_payment(payment);
    else if (dev.session.asked == 0) {
        send_session_error(UNEXPECTED, "UNEXPECTED: no payment was asked for");
    } else {
        refuse_with(NOT_NEXT, "that payment was not asked for");
        fire(PAYMENT_INVALID);
    }
}

static void on_session_message(const Message *message)
{
    switch (message->type) {
    case FUNDING:
        on_funding(message);
        break;
    case PAYMENT:
        on_payment(message);
        break;
    case METER:
        resume();
        break;
    case CLOSE:
        note("the cable closes, reason %" PRIu64, message->reason);
        fire(CLOSE_RECEIVED);
        break;
    case ERROR:
        note("the cable says %s", message->text);
        break;
    default:
        send_session_error(UNEXPECTED, "UNEXPECTED: a cable does not send this");
        break;
    }
}

static void on_stranger_message(const Message *message)
{
    if (message->type != ERROR && message->type != CLOSE)
        send_stranger_error(message->session, UNKNOWN_SESSION, "UNKNOWN_SESSION");
}

static void on_bad_message(Span payload, Verdict verdict, const Message *message)
{
    char text[MAX_TEXT];
    uint8_t session[ID_SIZE];
    dev.bad_messages++;
    if (verdict == OTHER_VERSION) {
        snprintf(text, sizeof text, "HELLO.version is %" PRIu64 ", spoken is %d", message->version, PROTOCOL_VERSION);
        send_stranger_error(message->session, UNSUPPORTED_VERSION, text);
        return;
    }
    bool known = salvage_session(payload, session);
    if (in_session() && (!known || is_current(session)))
        send_session_error(MALFORMED, "MALFORMED");
    else if (known)
        send_stranger_error(session, MALFORMED, "MALFORMED");
}

static void on_message(Span payload)
{
    static Message message;
    Verdict verdict = decode_message(payload, &message);
    if (verdict != GOOD)
        on_bad_message(payload, verdict, &message);
    else if (message.type == HELLO)
        on_hello(&message);
    else if (!is_current(message.session))
        on_stranger_message(&message);
    else if (message.type == ERROR && message.sequence == 0)
        note("the cable says %s", message.text);
    else if (take_sequence(&message) && dev.state != SETTLING)
        on_session_message(&message);
}

static void on_link(const char *hex)
{
    static Buffer payload;
    for (; hex_digit(hex[0]) >= 0 && hex_digit(hex[1]) >= 0; hex += 2) {
        if (!take_byte(&dev.line, (uint8_t)(hex_digit(hex[0]) << 4 | hex_digit(hex[1]))))
            continue;
        if (finish_frame(&dev.line, &payload) != FRAME_GOOD)
            dev.bad_frames++;
        else if (!dev.out_of_order)
            on_message(span_of(&payload));
    }
}

/* ---------------------------------------------------------------- the ledger's answers */

typedef enum { YES, NO, NONE, SILENT, WORDS } AnswerKind;

typedef struct {
    AnswerKind kind;
    const char *text; /* the reason of `no`; all words of an answer of another form */
} Answer;

static Answer read_answer(char *line)
{
    if (strcmp(line, "yes") == 0)
        return (Answer){YES, ""};
    if (strcmp(line, "none") == 0)
        return (Answer){NONE, ""};
    if (strcmp(line, "no") == 0)
        return (Answer){NO, ""};
    if (strncmp(line, "no ", 3) == 0)
        return (Answer){NO, line + 3};
    if (strncmp(line, "silent", 6) == 0)
        return (Answer){SILENT, ""};
    return (Answer){WORDS, line};
}

typedef struct {
    uint64_t value, confirmations;
    Script script;
} CoinState;

static bool read_coin_state(const Answer *answer, CoinState *state)
{
    if (answer->kind != WORDS || !read_decimal(answer->text, MAX_MONEY, &state->value))
        return false;
    const char *script = strchr(answer->text, ' ');
    if (script == NULL)
        return false;
    const char *confirmations = strchr(script + 1, ' ');
    uint8_t bytes[MAX_PAYLOAD];
    size_t length;
    if (confirmations == NULL || !from_hex(script + 1, bytes, sizeof bytes, &length)
        || !read_decimal(confirmations + 1, UINT32_MAX, &state->confirmations))
        return false;
    state->script.length = length <= MAX_SCRIPT ? length : 0; /* a longer one is never that of a coin of FUNDING */
    memcpy(state->script.bytes, bytes, state->script.length);
    return true;
}

static void lose_ledger(void)
{
    refuse_with(LEDGER_UNAVAILABLE, "the ledger gives no answer");
    fire(LEDGER_LOST);
}

static void on_ready_for_hello(const Answer *answer)
{
    if (answer->kind != YES) {
        send_stranger_error(dev.caller, LEDGER_UNAVAILABLE, "LEDGER_UNAVAILABLE: nothing is sold at the moment");
        note("the ledger cannot be used");
    } else if (dev.plugged && !in_trade() && dev.state != SETTLING) {
        fire(HELLO_NEW);
    }
}

static void ask_next_coin(void)
{
    const Coin *coin = &dev.session.funds.coins[dev.coin_asked];
    ask_coin(TRADE, COIN_STATE, coin->txid, coin->index);
}

static ErrorCode check_coin_state(const Answer *answer, const Coin *coin)
{
    CoinState state;
    if (answer->kind == NONE)
        return COIN_UNKNOWN;
    if (!read_coin_state(answer, &state))
        return LEDGER_UNAVAILABLE;
    if (state.value != coin->value || !equal(script_span(&state.script), script_span(&coin->script)))
        return COIN_DIFFERS;
    return state.confirmations < dev.session.terms.min_confirmations ? COIN_UNCONFIRMED : ACCEPTED;
}

static void on_coin_state(const Answer *answer)
{
    ErrorCode code = check_coin_state(answer, &dev.session.funds.coins[dev.coin_asked]);
    if (code == LEDGER_UNAVAILABLE) {
        lose_ledger();
    } else if (code != ACCEPTED) {
        refuse_with(code, "");
        fire(COINS_BAD);
    } else if (++dev.coin_asked < dev.session.funds.coin_count) {
        ask_next_coin();
    } else {
        fire(COINS_GOOD);
    }
}

static void refuse_for_ledger(const Answer *answer)
{
    if (answer->kind == NO) {
        refuse_with(LEDGER_REFUSED, answer->text);
        fire(PAYMENT_INVALID);
    } else {
        lose_ledger();
    }
}

/* Per-payment: what is broadcast is written down first. */
static void broadcast_payment(void)
{
    Span candidate = span_of(&dev.session.candidate);
    if (keep_transaction(candidate)) {
        ask_about(TRADE, PAYMENT_BROADCAST, "broadcast", candidate);
    } else {
        fail_device("the storage does not take a transaction");
        fire(dev.follow_up);
    }
}

static void ask_for_payment(void)
{
    if (dev.session.terms.mode == PER_PAYMENT)
        broadcast_payment();
    else
        ask_about(TRADE, PAYMENT_ACCEPTABLE, "accepts", span_of(&dev.session.candidate));
}

/* The declared coins that the payment spends, one after the other; then the payment itself. */
static void ask_next_payment_coin(void)
{
    bool declared = dev.session.terms.mode == SINGLE_FEE || dev.session.asked == 1;
    if (!declared || dev.coin_asked == dev.session.funds.coin_count) {
        ask_for_payment();
        return;
    }
    const Coin *coin = &dev.session.funds.coins[dev.coin_asked];
    ask_coin(TRADE, PAYMENT_COIN, coin->txid, coin->index);
}

static void refuse_payment_coin(ErrorCode code)
{
    refuse_with(code, "a coin is not what it was");
    fire(PAYMENT_INVALID);
}

static void on_payment_coin(const Answer *answer)
{
    ErrorCode code = check_coin_state(answer, &dev.session.funds.coins[dev.coin_asked]);
    uint8_t own[HASH_SIZE];
    if (code == LEDGER_UNAVAILABLE) {
        lose_ledger();
    } else if (code == COIN_UNKNOWN && transaction_id(span_of(&dev.session.candidate), own)) {
        ask_coin(TRADE, PAYMENT_HAD, own, 0);
    } else if (code != ACCEPTED) {
        refuse_payment_coin(code);
    } else {
        dev.coin_asked++;
        ask_next_payment_coin();
    }
}

/* A coin is spent: by this very payment, if the ledger has what it pays. */
static void on_payment_had(const Answer *answer)
{
    if (answer->kind == NONE)
        refuse_payment_coin(COIN_UNKNOWN);
    else if (answer->kind != WORDS)
        lose_ledger();
    else if (dev.session.terms.mode == PER_PAYMENT)
        broadcast_payment();
    else
        fire(PAYMENT_ACCEPTED);
}

/* A payment that the cable broadcast itself is one that the node has taken. */
static void on_payment_acceptable(const Answer *answer)
{
    if (answer->kind == YES || (answer->kind == NO && strstr(answer->text, "already") != NULL))
        fire(PAYMENT_ACCEPTED);
    else
        refuse_for_ledger(answer);
}

static void on_payment_broadcast(const Answer *answer)
{
    if (answer->kind == YES) {
        fire(PAYMENT_ACCEPTED);
        return;
    }
    if (answer->kind == NO)
        drop_transaction(span_of(&dev.session.candidate));
    refuse_for_ledger(answer);
}

/* Reasons that say "not at present". */
static bool may_be_taken_later(const char *reason)
{
    static const char *const reasons[] = {
        "mempool min fee not met", "min relay fee not met", "mempool full", "too-long-mempool-chain",
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strstr(reason, reasons[i]) != NULL)
            return true;
    return false;
}

static void on_settlement(const Answer *answer)
{
    if (answer->kind == YES) {
        dev.session.on_ledger = true;
        fire(SETTLED);
    } else if (answer->kind == NO && !may_be_taken_later(answer->text)) {
        note("the settlement is lost: %s", answer->text);
        drop_transaction(span_of(&dev.session.newest));
        fire(SETTLEMENT_LOST);
    } else {
        note("the settlement waits: %s", answer->kind == NO ? answer->text : "the ledger gives no answer");
        fire(SETTLEMENT_FAILED);
    }
}

static void see_conflict(const char *txid)
{
    refuse_with(CONFLICT, txid);
    fire(CONFLICT_SEEN);
}

static void on_look_at_coins(const Answer *answer)
{
    if (answer->kind == WORDS)
        see_conflict(answer->text);
    else if (answer->kind != NONE)
        lose_ledger();
}

/* The newest payment is gone from the ledger: looks for the conflict, from it up to the first of the chain. */
static void on_look_at_newest(const Answer *answer)
{
    if (answer->kind == NONE) {
        dev.looked_at = dev.session.newest;
        ask_about(LOOKOUT, LOOK_UP_CHAIN, "conflict", span_of(&dev.looked_at));
    } else if (answer->kind != WORDS) {
        lose_ledger();
    }
}

static const Kept *kept_parent(Span bytes)
{
    static Transaction transaction;
    const Kept *parent = NULL;
    if (!parse_transaction(bytes, &transaction))
        return NULL;
    for (size_t i = 0; i < transaction.input_count && parent == NULL; i++)
        parent = find_kept(transaction.inputs[i].txid);
    return parent;
}

static void on_look_up_chain(const Answer *answer)
{
    if (answer->kind == WORDS) {
        see_conflict(answer->text);
        return;
    }
    if (answer->kind != NONE) {
        lose_ledger();
        return;
    }
    const Kept *parent = kept_parent(span_of(&dev.looked_at));
    if (parent == NULL) {
        dev.keeper_due = dev.now; /* nobody spends the coins: the ledger lost the chain, it is sent again */
        return;
    }
    dev.looked_at.length = 0;
    append(&dev.looked_at, parent->bytes, parent->length);
    ask_about(LOOKOUT, LOOK_UP_CHAIN, "conflict", span_of(&dev.looked_at));
}

static void on_steward_ready(const Answer *answer)
{
    if (answer->kind != YES)
        lose_ledger();
}

/* ---------------------------------------------------------------- the keeper: what was broadcast */

static void look_at_next_kept(void)
{
    if (dev.kept_at < dev.kept_count)
        ask_coin(KEEPER, KEEP_LOOK, dev.kept[dev.kept_at].txid, 0);
}

static void pass_kept(void)
{
    dev.kept_at++;
    look_at_next_kept();
}

static void on_keep_look(const Answer *answer)
{
    CoinState state;
    if (answer->kind == NONE) {
        ask_about(KEEPER, KEEP_BROADCAST, "broadcast", kept_span(&dev.kept[dev.kept_at]));
    } else if (read_coin_state(answer, &state) && state.confirmations >= FINAL_BLOCKS) {
        note_txid("final:", dev.kept[dev.kept_at].txid);
        drop_kept(dev.kept_at);
        look_at_next_kept();
    } else {
        pass_kept();
    }
}

static void on_keep_broadcast(const Answer *answer)
{
    if (answer->kind == NO) {
        dev.kept_spent = strstr(answer->text, "missing") != NULL;
        ask_about(KEEPER, KEEP_CONFLICT, "conflict", kept_span(&dev.kept[dev.kept_at]));
        return;
    }
    if (answer->kind == YES)
        note_txid("sent again:", dev.kept[dev.kept_at].txid);
    pass_kept();
}

static bool spends(Span bytes, const uint8_t txid[HASH_SIZE])
{
    static Transaction transaction;
    if (!parse_transaction(bytes, &transaction))
        return false;
    for (size_t i = 0; i < transaction.input_count; i++)
        if (memcmp(transaction.inputs[i].txid, txid, HASH_SIZE) == 0)
            return true;
    return false;
}

/* A lost transaction takes with it all that spend it. They come behind it in the list. */
static void lose_kept(size_t index)
{
    uint8_t txid[HASH_SIZE];
    memcpy(txid, dev.kept[index].txid, HASH_SIZE);
    note_txid("lost, its coins are spent by another transaction:", txid);
    drop_kept(index);
    for (size_t i = index; i < dev.kept_count;) {
        if (spends(kept_span(&dev.kept[i]), txid))
            lose_kept(i);
        else
            i++;
    }
}

/*
 * Lost is what blocks have spent. A spend in the mempool only ("missing" is not the reason then) may itself be
 * replaced, and coins that are not there though nobody spends them come back with their block or with the parent.
 */
static void on_keep_conflict(const Answer *answer)
{
    if (dev.kept_spent && answer->kind == WORDS) {
        lose_kept(dev.kept_at);
        look_at_next_kept();
    } else {
        note_txid("the ledger does not take at present:", dev.kept[dev.kept_at].txid);
        pass_kept();
    }
}

static void look_after_all(void)
{
    dev.keeper_due = dev.now + LOOK_AGAIN;
    dev.kept_at = 0;
    look_at_next_kept();
}

/* ---------------------------------------------------------------- the ledger's answers: to whom */

static void on_ready_for_coins(const Answer *answer)
{
    if (answer->kind == YES)
        ask_next_coin();
    else
        lose_ledger();
}

static void on_ready_for_payment(const Answer *answer)
{
    dev.coin_asked = 0;
    if (answer->kind == YES)
        ask_next_payment_coin();
    else
        lose_ledger();
}

static void on_answer(Purpose purpose, const Answer *answer)
{
    static void (*const handlers[])(const Answer *) = {
        [READY_FOR_HELLO] = on_ready_for_hello,
        [READY_FOR_COINS] = on_ready_for_coins,
        [COIN_STATE] = on_coin_state,
        [READY_FOR_PAYMENT] = on_ready_for_payment,
        [PAYMENT_COIN] = on_payment_coin,
        [PAYMENT_HAD] = on_payment_had,
        [PAYMENT_ACCEPTABLE] = on_payment_acceptable,
        [PAYMENT_BROADCAST] = on_payment_broadcast,
        [SETTLEMENT] = on_settlement,
        [LOOK_AT_COINS] = on_look_at_coins,
        [LOOK_AT_NEWEST] = on_look_at_newest,
        [LOOK_UP_CHAIN] = on_look_up_chain,
        [STEWARD_READY] = on_steward_ready,
        [KEEP_LOOK] = on_keep_look,
        [KEEP_BROADCAST] = on_keep_broadcast,
        [KEEP_CONFLICT] = on_keep_conflict,
    };
    handlers[purpose](answer);
}

/* The next questions of lookout and steward come a while after the answer. */
static void close_question(Desk desk, const Answer *answer)
{
    forget_question(desk);
    if (desk == LOOKOUT)
        dev.look_due = dev.now + LOOKOUT_PERIOD;
    if (desk == STEWARD)
        dev.steward_due = dev.now + STEWARD_PERIOD;
    on_answer(dev.questions[desk].purpose, answer);
}

/* An answer to a question that was given up, or that came too late, counts for nothing. */
static void on_ledger(char *line)
{
    uint64_t id;
    if (!read_decimal(next_word(&line), UINT64_MAX, &id) || id == 0)
        return;
    Answer answer = read_answer(line);
    for (Desk desk = 0; desk < DESKS; desk++) {
        if (dev.questions[desk].id != id)
            continue;
        if (dev.now > dev.questions[desk].deadline)
            answer = (Answer){SILENT, ""};
        close_question(desk, &answer);
        return;
    }
}

/* ---------------------------------------------------------------- own hardware */

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Power times time since the last reading, in nJ: what an honest count should have grown by. */
static void judge_count(int64_t energy)
{
    if (energy != dev.meter_energy || !dev.contact_closed)
        dev.still_energy = 0;
    else
        dev.still_energy += dev.meter_power * smaller(dev.now - dev.read_at, SECOND);
    dev.meter_moved = dev.meter_moved || energy != dev.meter_energy;
}

/* A register that falls, or that cannot be read, is no answer; one that has passed its end goes on from 0. */
static void read_meter(const char *power, const char *energy)
{
    uint64_t reading, drawn;
    dev.meter_answers = read_decimal(energy, METER_END - 1, &reading);
    if (!dev.meter_answers)
        return;
    int64_t counted = dev.meter_seen ? (int64_t)reading - dev.meter_register : 0;
    if (counted < -METER_END / 2)
        counted += METER_END;
    dev.meter_answers = counted >= 0;
    if (!dev.meter_answers)
        return;
    judge_count(dev.meter_energy + counted);
    dev.meter_energy += counted;
    dev.meter_register = (int64_t)reading;
    dev.meter_seen = true;
    dev.meter_power = read_decimal(power, INT32_MAX, &drawn) ? (int64_t)drawn : 0;
    dev.read_at = dev.now;
    bool overload = dev.contact_closed && dev.meter_power > (int64_t)dev.session.terms.max_power * 1000;
    if (overload && !dev.overload)
        dev.overload_since = dev.now;
    dev.overload = overload;
}

static bool contact_disobeys(void)
{
    return dev.now >= dev.contact_commanded + CONTACT_READ_BACK && dev.contact_reads_closed != dev.contact_closed;
}

static void check_hardware(void)
{
    if (contact_disobeys())
        fail_device("the contact does not do what it is told");
    else if (in_session() && !dev.meter_answers)
        fail_device("the meter does not answer");
    else if (dev.still_energy >= STAND_STILL * NJ_PER_MWH)
        fail_device("the meter's count stands still");
    else if (!dev.plugged && in_session())
        dev.follow_up = CABLE_GONE;
    else if (dev.overload && power_flows() && dev.now >= dev.overload_since + OVERLOAD) {
        note("the appliance draws more than %" PRIu64 " W", dev.session.terms.max_power);
        dev.overload_ends = true;
        dev.follow_up = CABLE_GONE;
    }
    fire(dev.follow_up);
}

/* Judges the credit whenever the count has moved. */
static void check_credit(void)
{
    if (!dev.meter_moved || !power_flows())
        return;
    dev.meter_moved = false;
    uint64_t energy = session_energy(), bought = credited();
    if (energy >= bought)
        fire(CREDIT_USED_UP);
    else if (bought - energy <= TOP_UP_CREDIT && !at_limit() && !coins_at_end())
        fire(CREDIT_LOW);
    if (power_flows() && energy >= dev.session.remembered + REMEMBER && !store_session()) {
        fail_device("the storage does not take the energy");
        fire(dev.follow_up);
    }
}

/* ---------------------------------------------------------------- timers */

typedef enum {
    QUESTION_TIMER, /* one for each desk */
    SILENCE_TIMER = QUESTION_TIMER + DESKS,
    REPLY_TIMER,
    METER_TIMER,
    SETTLE_TIMER,
    LOOK_TIMER,
    STEWARD_TIMER,
    KEEPER_TIMER,
    TIMERS,
} Timer;

static int64_t when(bool running, int64_t due)
{
    return running ? due : NEVER;
}

/* An unpaid socket is patient for one such time, whatever the cable says. */
static int64_t silence_due(void)
{
    const Session *session = &dev.session;
    int64_t since = session->heard;
    if (session->payments == 0 && session->asked > 0)
        since = smaller(since, session->begun);
    return when(in_session() && dev.state != SETTLING, since + SILENT_PEER);
}

static int64_t due_at(Timer timer)
{
    switch (timer) {
    case SILENCE_TIMER:
        return silence_due();
    case REPLY_TIMER:
        return when(dev.state == AWAITING_PAYMENT || dev.state == AWAITING_TOP_UP, dev.reply_due);
    case METER_TIMER:
        return when(power_flows(), dev.meter_due);
    case SETTLE_TIMER:
        return when(dev.state == SETTLING, dev.settle_due);
    case LOOK_TIMER:
        return when(power_flows() && dev.questions[LOOKOUT].id == 0, dev.look_due);
    case STEWARD_TIMER:
        return when(power_flows() && dev.questions[STEWARD].id == 0, dev.steward_due);
    case KEEPER_TIMER:
        return when(dev.kept_count > 0 && dev.questions[KEEPER].id == 0, dev.keeper_due);
    default:
        return when(dev.questions[timer - QUESTION_TIMER].id != 0, dev.questions[timer - QUESTION_TIMER].deadline + 1);
    }
}

static void look_for_conflict(void)
{
    uint8_t txid[HASH_SIZE];
    Span newest = span_of(&dev.session.newest);
    if (dev.session.terms.mode == SINGLE_FEE)
        ask_about(LOOKOUT, LOOK_AT_COINS, "conflict", newest);
    else if (transaction_id(newest, txid))
        ask_coin(LOOKOUT, LOOK_AT_NEWEST, txid, 0);
}

static void on_timer(Timer timer)
{
    static const Answer silence = {SILENT, ""};
    switch (timer) {
    case SILENCE_TIMER:
        fire(CABLE_SILENT);
        break;
    case REPLY_TIMER:
        fire(REPLY_LATE);
        break;
    case METER_TIMER:
        dev.meter_due += METER_PERIOD;
        send_meter();
        break;
    case SETTLE_TIMER:
        fire(SETTLEMENT_DUE);
        break;
    case LOOK_TIMER:
        look_for_conflict();
        break;
    case STEWARD_TIMER:
        ask_ready(STEWARD, STEWARD_READY);
        break;
    case KEEPER_TIMER:
        look_after_all();
        break;
    default:
        close_question((Desk)(timer - QUESTION_TIMER), &silence);
        break;
    }
}

static void serve_timers(void)
{
    for (Timer timer = 0; timer < TIMERS; timer++)
        if (due_at(timer) <= dev.now)
            on_timer(timer);
}

/* How long the credit lasts at the most power, in µs. */
static int64_t credit_lasts(void)
{
    int64_t energy = (int64_t)session_energy(), bought = (int64_t)credited();
    int64_t most = MAX_POWER * INT64_C(1000);
    int64_t left = smaller(bought - energy, REMEMBER); /* more lasts longer than any pause */
    return left * NJ_PER_MWH / (dev.meter_power > most ? dev.meter_power : most);
}

/* When 100 mWh should have been counted if the count does not move from now on, in µs. */
static int64_t count_may_stand(void)
{
    return dev.meter_power > 0 ? (STAND_STILL * NJ_PER_MWH - dev.still_energy) / dev.meter_power + 1 : WATCH_MAX;
}

/* The next look at meter and contact while power flows. */
static int64_t power_watch(void)
{
    int64_t pause = smaller(smaller(credit_lasts(), count_may_stand()), WATCH_MAX);
    return dev.now + (pause < WATCH_MIN ? WATCH_MIN : pause);
}

static int64_t next_wake(void)
{
    int64_t wake = NEVER;
    for (Timer timer = 0; timer < TIMERS; timer++)
        if (due_at(timer) < wake)
            wake = due_at(timer);
    int64_t read_back = dev.contact_commanded + CONTACT_READ_BACK;
    if (read_back > dev.now && read_back < wake)
        wake = read_back;
    if (power_flows() && power_watch() < wake)
        wake = power_watch();
    return wake;
}

/* ---------------------------------------------------------------- power-on */

static void set_terms(const char *profile)
{
    dev.terms.mode = profile_is(profile, "mode", "per-payment") ? PER_PAYMENT : SINGLE_FEE;
    dev.terms.tariff = profile_number(profile, "tariff_sat_per_wh", 1, 1000000000, 1250);
    dev.terms.quantum = profile_number(profile, "quantum_sat", 294, MAX_MONEY, 10000);
    dev.terms.fee_rate = profile_number(profile, "fee_rate_sat_per_vb", 1, 1000000, 10);
    dev.terms.max_payments = profile_number(profile, "max_payments", 1, 65535, 100);
    dev.terms.min_confirmations = profile_number(profile, "min_confirmations", 0, 100, 1);
    dev.terms.max_power = profile_number(profile, "max_power_w", 1, 1000000, MAX_POWER);
    /* No more payments than a RECEIPT can credit: floor(n * quantum * 1000 / tariff) is at most 4294967295 mWh. */
    uint64_t most = (4294967296u * (uint64_t)dev.terms.tariff - 1) / ((uint64_t)dev.terms.quantum * 1000);
    if (most >= 1 && most < (uint64_t)dev.terms.max_payments)
        dev.terms.max_payments = most;
}

/* The account of the profile; without one, a new one from the seed of this power-on. */
static bool set_account(const char *profile, const char *seed)
{
    uint8_t account[64];
    size_t length = 0;
    const char *value = find_member(profile, "account");
    bool text = value != NULL && *value == '"';
    bool given = text && from_hex(value + 1, account, sizeof account, &length) && length >= 16;
    if (!given && !from_hex(seed, account, sizeof account, &length))
        return false;
    bool good = receiving_chain((Span){account, length}, &dev.addresses);
    OPENSSL_cleanse(account, sizeof account);
    return good;
}

/* Counts on behind all that can have been sent, and writes that down before anything is sent. */
static void count_on(void)
{
    Session *session = &dev.session;
    session->sent = session->sent > UINT32_MAX - RESTART_STEP ? UINT32_MAX : session->sent + RESTART_STEP;
    if (!store_session()) {
        fail_device("the storage does not take the restart");
        dev.follow_up = NO_EVENT;
    }
}

static void restore_session(void)
{
    if (!load_session())
        return;
    Session *session = &dev.session;
    session->restored = true;
    session->energy_offset = (int64_t)session->remembered * 1000 - dev.meter_energy;
    count_on();
    bool goes_on = session->reason == NO_REASON && session_energy() < credited() && !dev.out_of_order;
    note("a session of before the restart %s", goes_on ? "waits for its cable" : "is settled");
    fire(goes_on ? RESTORED : CREDIT_USED_UP);
}

static void on_power_on(void)
{
    dev.contact_commanded = dev.now;
    dev.keeper_due = dev.now;
    puts("console " IDENTITY);
    puts("identity " IDENTITY);
    load_all_kept();
    load_counter("addresses");
    if (!dev.damaged)
        restore_session();
    if (dev.damaged)
        note("stopped: a record in the storage is damaged, or of a newer version");
}

/* ---------------------------------------------------------------- lockstep */

/* `at TIME VOLTAGE CURRENT POWER ENERGY CONTACT PLUG`; what happened is left in `line`. */
static void read_instant(char **line)
{
    uint64_t now;
    next_word(line);
    if (read_decimal(next_word(line), LARGEST_READING, &now) && (int64_t)now > dev.now)
        dev.now = (int64_t)now;
    next_word(line);
    next_word(line);
    const char *power = next_word(line);
    const char *energy = next_word(line);
    read_meter(power, energy);
    dev.contact_reads_closed = strcmp(next_word(line), "closed") == 0;
    dev.plugged = strcmp(next_word(line), "in") == 0;
}

static void on_event(char *line)
{
    read_instant(&line);
    const char *event = next_word(&line);
    if (strcmp(event, "power-on") == 0)
        on_power_on();
    if (dev.damaged)
        return;
    check_hardware();
    check_credit();
    if (strcmp(event, "link") == 0)
        on_link(line);
    else if (strcmp(event, "ledger") == 0)
        on_ledger(line);
    serve_timers();
}

static void finish_answer(void)
{
    int64_t wake = dev.damaged ? NEVER : next_wake();
    if (wake == NEVER)
        puts("until never");
    else
        printf("until %" PRId64 "\n", wake);
    fflush(stdout);
}

/* The lines before the first event. The account is set when the profile comes, the last of them. */
static bool read_setting(const char *word, const char *rest, char *seed, size_t capacity)
{
    if (strcmp(word, "role") == 0 && strcmp(rest, "socket") != 0)
        return false;
    if (strcmp(word, "seed") == 0)
        snprintf(seed, capacity, "%s", rest);
    if (strcmp(word, "storage") == 0)
        return snprintf(dev.storage, sizeof dev.storage, "%s", rest) < (int)sizeof dev.storage;
    if (strcmp(word, "profile") == 0) {
        set_terms(rest);
        return set_account(rest, seed);
    }
    return true;
}

static bool serve(void)
{
    char *line = NULL, seed[2 * 64 + 1] = "";
    size_t capacity = 0;
    bool good = true;
    while (good && getline(&line, &capacity, stdin) > 0) {
        line[strcspn(line, "\r\n")] = '\0';
        if (strncmp(line, "at ", 3) == 0) {
            on_event(line);
            finish_answer();
        } else {
            char *rest = line;
            const char *word = next_word(&rest);
            good = read_setting(word, rest, seed, sizeof seed);
            OPENSSL_cleanse(rest, strcmp(word, "profile") == 0 ? strlen(rest) : 0);
        }
    }
    free(line);
    return good;
}

static void forget_all_kept(void)
{
    for (size_t i = 0; i < dev.kept_count; i++)
        free(dev.kept[i].bytes);
    free(dev.kept);
}

int main(void)
{
    curve = secp256k1_context_create(SECP256K1_CONTEXT_VERIFY | SECP256K1_CONTEXT_SIGN);
    bool good = serve();
    forget_all_kept();
    secp256k1_context_destroy(curve);
    if (!good)
        fputs("socket: a line before the first event cannot be served\n", stderr);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
