/* SPDX-License-Identifier: MIT */
/*
 * SCRAM and what it is made of: Base64, SASLprep, and the conversation, checked
 * with the vectors of the RFCs and against servers that cheat.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "mongo/base64_internal.h"
#include "mongo/saslprep_internal.h"
#include "mongo/scram_internal.h"
#include "test_util.h"

/* RFC 4648, section 10, and what is malformed. */
static const struct {
    const char *text;
    const char *bytes; /* NULL: malformed */
} base64_rows[] = {
    {"", ""},         {"Zg==", "f"},        {"Zm8=", "fo"},
    {"Zm9v", "foo"},  {"Zm9vYg==", "foob"}, {"Zm9vYmE=", "fooba"},
    {"Zm9vYmFy", "foobar"},
    {"Z", NULL},      {"Zg", NULL},         {"Zg=", NULL},
    {"Z===", NULL},   {"====", NULL},       {"Zg==Zg==", NULL},
    {"Zm=v", NULL},   {"Zh==", NULL},       {"Zm9=", NULL},
    {"Zm 9", NULL},   {"Zm9v\n", NULL},     {"Zm9-", NULL},
};

START_TEST(base64_has_one_text_per_value)
{
    uint8_t bytes[16];
    char text[32];
    const char *want = base64_rows[_i].bytes;
    ssize_t n =
        dmongo__base64_decode(base64_rows[_i].text, strlen(base64_rows[_i].text),
                              bytes, sizeof bytes);
    ck_assert_int_eq(n, want != NULL ? (ssize_t)strlen(want) : -1);
    if (want == NULL)
        return;
    ck_assert_mem_eq(bytes, want, (size_t)n);
    dmongo__base64_encode((const uint8_t *)want, (size_t)n, text);
    ck_assert_str_eq(text, base64_rows[_i].text);
    if (n > 0)
        ck_assert_int_eq(dmongo__base64_decode(base64_rows[_i].text,
                                               strlen(base64_rows[_i].text),
                                               bytes, (size_t)n - 1),
                         -1);
}
END_TEST

/* The examples of RFC 4013, section 3, and others. */
static const struct {
    const char *password;
    const char *prepared; /* NULL: refused, with `why` */
    const char *why;
} saslprep_rows[] = {
    {"", "", NULL},
    {"user", "user", NULL},
    {"USER", "USER", NULL},
    {"I\xC2\xADX", "IX", NULL},             /* a soft hyphen vanishes    */
    {"a\xC2\xA0z", "a z", NULL},            /* a no-break space          */
    {"a\xE3\x80\x80z", "a z", NULL},        /* an ideographic space      */
    {"p\xC3\xA4ss", "p\xC3\xA4ss", NULL},   /* a with diaeresis, composed */
    {"\xD0\xBF\xD0\xB0", "\xD0\xBF\xD0\xB0", NULL},         /* Cyrillic  */
    {"\xE6\x97\xA5\xE6\x9C\xAC", "\xE6\x97\xA5\xE6\x9C\xAC", NULL},
    {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80", NULL}, /* new since Unicode 3.2 */
    {"\xD7\x90\xD7\x91", "\xD7\x90\xD7\x91", NULL},         /* Hebrew    */
    {"\xC2\xAA", NULL, "normalization"},    /* the feminine ordinal      */
    {"\xE2\x85\xA8", NULL, "normalization"},/* Roman nine                */
    {"pa\xCC\x88ss", NULL, "normalization"},/* a and a combining diaeresis */
    {"\xEF\xBC\xA1", NULL, "normalization"},/* a full-width A            */
    {"\x07", NULL, "control"},
    {"a\x7F", NULL, "control"},
    {"a\xC2\x85", NULL, "prohibits"},       /* a C1 control              */
    {"\xEE\x80\x80", NULL, "prohibits"},    /* private use               */
    {"\xD8\xA7\x31", NULL, "directions"},   /* alef, 1                   */
    {"\xC3\x28", NULL, "UTF-8"},
    {"\xED\xA0\x80", NULL, "UTF-8"},        /* a surrogate               */
};

START_TEST(password_is_prepared_or_refused)
{
    diesel_error err;
    const char *why;
    const char *password = saslprep_rows[_i].password;
    const char *want = saslprep_rows[_i].prepared;
    ck_assert_int_eq(dmongo__saslprep_can(password, &why), want != NULL);
    char *got = dmongo__saslprep(password, &err);
    if (want != NULL) {
        assert_made(got);
        ck_assert_str_eq(got, want);
    } else {
        ck_assert_ptr_null(got);
        assert_error(DIESEL_E_INVAL);
        assert_contains(err.message, saslprep_rows[_i].why);
    }
    diesel_free(got);
}
END_TEST

/* Whole conversations: the example of RFC 7677, and that of MongoDB's authentication
 * specification for SCRAM-SHA-1. */
static const struct {
    enum dmongo__scram_mechanism mechanism;
    const char *user, *password, *nonce;
    const char *first, *server_first, *final, *server_final;
} talks[] = {
    {DMONGO__SCRAM_SHA_256, "user", "pencil", "rOprNGfwEbeRWgbNEkqO",
     "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
     "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
     "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
     "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
     "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
    {DMONGO__SCRAM_SHA_1, "user", "pencil", "fyko+d2lbbFgONRv9qkxdawL",
     "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
     "r=fyko+d2lbbFgONRv9qkxdawLHo+Vgk7qvUOKUwuWLIWg4l/9SraGMHEE,"
     "s=rQ9ZY3MntBeuP3E1TDVC4w==,i=10000",
     "c=biws,r=fyko+d2lbbFgONRv9qkxdawLHo+Vgk7qvUOKUwuWLIWg4l/9SraGMHEE,"
     "p=MC2T8BvbmWRckDw8oWl5IVghwCY=",
     "v=UMWeI25JD1yNYZRMpZ4VHvhZ9e0="},
};

static void begin(struct dmongo__scram *scram, int i)
{
    diesel_error err;
    assert_ok(dmongo__scram_begin(scram, talks[i].mechanism, talks[i].user,
                                  talks[i].password, talks[i].nonce, &err));
}

START_TEST(conversation_is_as_specified)
{
    diesel_error err;
    struct dmongo__scram scram;
    struct dmongo__scram_keys keys = {0};
    for (int round = 0; round < 2; round++) { /* the second with kept keys */
        begin(&scram, _i);
        ck_assert_str_eq(scram.message, talks[_i].first);
        ck_assert_uint_eq(scram.message_size, strlen(talks[_i].first));
        assert_ok(dmongo__scram_answer(&scram, talks[_i].server_first,
                                       strlen(talks[_i].server_first), &keys,
                                       &err));
        ck_assert(keys.is_set);
        ck_assert_str_eq(scram.message, talks[_i].final);
        ck_assert_uint_eq(scram.message_size, strlen(talks[_i].final));
        assert_ok(dmongo__scram_verify(&scram, talks[_i].server_final,
                                       strlen(talks[_i].server_final), &err));
        dmongo__scram_clear(&scram);
    }
}
END_TEST

/* RFC 5802's own example has the plain password, which MongoDB never uses with
 * SHA-1; so its keys are put where kept keys are. */
START_TEST(kept_keys_are_used)
{
    diesel_error err;
    struct dmongo__scram scram;
    struct dmongo__scram_keys keys = {
        .is_set = true, .mechanism = DMONGO__SCRAM_SHA_1, .iterations = 4096};
    static const char first[] = "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
                                "s=QSXCR+Q6sek8bf92,i=4096";
    uint8_t salted[20];
    keys.salt_size = (size_t)dmongo__base64_decode("QSXCR+Q6sek8bf92", 16,
                                                   keys.salt, sizeof keys.salt);
    PKCS5_PBKDF2_HMAC("pencil", 6, keys.salt, (int)keys.salt_size, 4096,
                      EVP_sha1(), 20, salted);
    HMAC(EVP_sha1(), salted, 20, (const uint8_t *)"Client Key", 10, keys.client,
         NULL);
    HMAC(EVP_sha1(), salted, 20, (const uint8_t *)"Server Key", 10, keys.server,
         NULL);
    begin(&scram, 1);
    assert_ok(
        dmongo__scram_answer(&scram, first, sizeof first - 1, &keys, &err));
    ck_assert_str_eq(scram.message,
                     "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
                     "p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
    static const char last[] = "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=";
    assert_ok(dmongo__scram_verify(&scram, last, sizeof last - 1, &err));
    dmongo__scram_clear(&scram);
}
END_TEST

#define NONCE "rOprNGfwEbeRWgbNEkqO"

static const struct {
    const char *first;
    int code;
    const char *why;
} wrong_firsts[] = {
    {"", DIESEL_E_PROTOCOL, "malformed"},
    {"r=", DIESEL_E_PROTOCOL, "malformed"},
    {"r=" NONCE "x", DIESEL_E_PROTOCOL, "malformed"},
    {"r=" NONCE "x,s=QSXCR+Q6sek8bf92", DIESEL_E_PROTOCOL, "malformed"},
    {"s=QSXCR+Q6sek8bf92,r=" NONCE "x,i=4096", DIESEL_E_PROTOCOL, "malformed"},
    {"m=x,r=" NONCE "x,s=QSXCR+Q6sek8bf92,i=4096", DIESEL_E_PROTOCOL, "malformed"},
    {"r=" NONCE "x,s=QSXCR+Q6sek8bf92,i=", DIESEL_E_PROTOCOL, "malformed"},
    {"r=" NONCE "x,s=QSXCR+Q6sek8bf92,i=4096x", DIESEL_E_PROTOCOL, "malformed"},
    {"r=" NONCE "x,s=QSXCR+Q6sek8bf92,i=-4096", DIESEL_E_PROTOCOL, "malformed"},
    {"r=" NONCE "x,s=QSXCR+Q6sek8bf92,i=99999999999", DIESEL_E_PROTOCOL, "malformed"},
    {"r=" NONCE "x,s=,i=4096", DIESEL_E_PROTOCOL, "salt"},
    {"r=" NONCE "x,s=QSX,i=4096", DIESEL_E_PROTOCOL, "salt"},
    {"r=" NONCE ",s=QSXCR+Q6sek8bf92,i=4096", DIESEL_E_AUTH, "nonce"},
    {"r=rOprNGfwEbeRWgbNEkqX,s=QSXCR+Q6sek8bf92,i=4096", DIESEL_E_AUTH, "nonce"},
    {"r=rOpr,s=QSXCR+Q6sek8bf92,i=4096", DIESEL_E_AUTH, "nonce"},
    {"r=" NONCE "x,s=QSXCR+Q6sek8bf92,i=4095", DIESEL_E_AUTH, "4095 iterations"},
    {"r=" NONCE "x,s=QSXCR+Q6sek8bf92,i=1000001", DIESEL_E_AUTH, "iterations"},
};

START_TEST(wrong_first_message_is_refused)
{
    diesel_error err;
    struct dmongo__scram scram;
    struct dmongo__scram_keys keys = {0};
    begin(&scram, 0);
    const char *first = wrong_firsts[_i].first;
    assert_fails(
        dmongo__scram_answer(&scram, first, strlen(first), &keys, &err),
        wrong_firsts[_i].code);
    assert_contains(err.message, wrong_firsts[_i].why);
    ck_assert(!keys.is_set);
    dmongo__scram_clear(&scram);
}
END_TEST

static const struct {
    const char *last;
    int code;
    const char *why;
} wrong_lasts[] = {
    {"", DIESEL_E_PROTOCOL, "malformed"},
    {"v=", DIESEL_E_PROTOCOL, "malformed"},
    {"v=AAAA", DIESEL_E_PROTOCOL, "malformed"},
    {"x=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", DIESEL_E_PROTOCOL,
     "malformed"},
    {"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", DIESEL_E_AUTH,
     "does not know the password"},
    {"e=invalid-proof", DIESEL_E_AUTH, "invalid-proof"},
};

START_TEST(wrong_last_message_is_refused)
{
    diesel_error err;
    struct dmongo__scram scram;
    struct dmongo__scram_keys keys = {0};
    begin(&scram, 0);
    assert_ok(dmongo__scram_answer(&scram, talks[0].server_first,
                                   strlen(talks[0].server_first), &keys, &err));
    const char *last = wrong_lasts[_i].last;
    assert_fails(dmongo__scram_verify(&scram, last, strlen(last), &err),
                 wrong_lasts[_i].code);
    assert_contains(err.message, wrong_lasts[_i].why);
    dmongo__scram_clear(&scram);
}
END_TEST

START_TEST(user_is_escaped)
{
    diesel_error err;
    struct dmongo__scram scram;
    assert_ok(dmongo__scram_begin(&scram, DMONGO__SCRAM_SHA_256, "a=b,c", "p",
                                  "x", &err));
    ck_assert_str_eq(scram.message, "n,,n=a=3Db=2Cc,r=x");
    dmongo__scram_clear(&scram);
}
END_TEST

START_TEST(nonces_differ)
{
    diesel_error err;
    struct dmongo__scram one, two;
    assert_ok(dmongo__scram_begin(&one, DMONGO__SCRAM_SHA_256, "u", "p", NULL,
                                  &err));
    assert_ok(dmongo__scram_begin(&two, DMONGO__SCRAM_SHA_256, "u", "p", NULL,
                                  &err));
    ck_assert_uint_eq(strlen(one.nonce), 32);
    ck_assert_str_ne(one.nonce, two.nonce);
    dmongo__scram_clear(&one);
    dmongo__scram_clear(&two);
}
END_TEST

START_TEST(changed_salt_makes_new_keys)
{
    diesel_error err;
    struct dmongo__scram scram;
    struct dmongo__scram_keys keys = {0};
    static const char *const salts[] = {"QSXCR+Q6sek8bf92", "W22ZaJ0SNY7soEsU"};
    uint8_t before[32];
    for (int i = 0; i < 2; i++) {
        char first[128];
        snprintf(first, sizeof first, "r=" NONCE "x,s=%s,i=4096", salts[i]);
        begin(&scram, 0);
        assert_ok(dmongo__scram_answer(&scram, first, strlen(first), &keys,
                                       &err));
        if (i == 0)
            memcpy(before, keys.client, sizeof before);
        else
            ck_assert_mem_ne(before, keys.client, sizeof before);
        dmongo__scram_clear(&scram);
    }
}
END_TEST

START_TEST(password_that_cannot_be_prepared_is_told)
{
    diesel_error err;
    struct dmongo__scram scram;
    struct dmongo__scram_keys keys = {0};
    assert_ok(dmongo__scram_begin(&scram, DMONGO__SCRAM_SHA_256, "user",
                                  "\xE2\x85\xA8", NONCE, &err));
    assert_fails(dmongo__scram_answer(&scram, talks[0].server_first,
                                      strlen(talks[0].server_first), &keys,
                                      &err),
                 DIESEL_E_INVAL);
    assert_contains(err.message, "NFKC");
    dmongo__scram_clear(&scram);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo_scram");
    test_case_rows(suite, "base64", base64_has_one_text_per_value,
                   TEST_COUNT(base64_rows));
    test_case_rows(suite, "saslprep", password_is_prepared_or_refused,
                   TEST_COUNT(saslprep_rows));
    test_case_rows(suite, "conversation", conversation_is_as_specified,
                   TEST_COUNT(talks));
    test_case_rows(suite, "first", wrong_first_message_is_refused,
                   TEST_COUNT(wrong_firsts));
    test_case_rows(suite, "last", wrong_last_message_is_refused,
                   TEST_COUNT(wrong_lasts));
    test_case(suite, "rest", kept_keys_are_used, user_is_escaped, nonces_differ,
              changed_salt_makes_new_keys,
              password_that_cannot_be_prepared_is_told);
    return test_suite_run(suite);
}
