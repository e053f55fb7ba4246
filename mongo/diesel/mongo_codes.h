/* SPDX-License-Identifier: MIT */
/*
 * The server's error numbers that programs ask for, as diesel_error has them in
 * `detail` and dmongo_write_error in `code`:
 *
 *     if (err.code == DIESEL_E_SERVER && err.detail == DMONGO_DUPLICATE_KEY)
 *         ...
 */
#ifndef DIESEL_MONGO_CODES_H
#define DIESEL_MONGO_CODES_H

#include <stdbool.h>

#include <diesel/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(constant, number, the server's name for it) */
#define DMONGO_CODE_MAP(X)                                                     \
    X(INTERNAL_ERROR, 1, "InternalError")                                      \
    X(BAD_VALUE, 2, "BadValue")                                                \
    X(HOST_UNREACHABLE, 6, "HostUnreachable")                                  \
    X(HOST_NOT_FOUND, 7, "HostNotFound")                                       \
    X(FAILED_TO_PARSE, 9, "FailedToParse")                                     \
    X(UNAUTHORIZED, 13, "Unauthorized")                                        \
    X(TYPE_MISMATCH, 14, "TypeMismatch")                                       \
    X(AUTHENTICATION_FAILED, 18, "AuthenticationFailed")                       \
    X(NAMESPACE_NOT_FOUND, 26, "NamespaceNotFound")                            \
    X(INDEX_NOT_FOUND, 27, "IndexNotFound")                                    \
    X(CURSOR_NOT_FOUND, 43, "CursorNotFound")                                  \
    X(NAMESPACE_EXISTS, 48, "NamespaceExists")                                 \
    X(MAX_TIME_MS_EXPIRED, 50, "MaxTimeMSExpired")                             \
    X(COMMAND_NOT_FOUND, 59, "CommandNotFound")                                \
    X(WRITE_CONCERN_FAILED, 64, "WriteConcernFailed")                          \
    X(INVALID_NAMESPACE, 73, "InvalidNamespace")                               \
    X(NETWORK_TIMEOUT, 89, "NetworkTimeout")                                   \
    X(SHUTDOWN_IN_PROGRESS, 91, "ShutdownInProgress")                          \
    X(UNSATISFIABLE_WRITE_CONCERN, 100, "UnsatisfiableWriteConcern")           \
    X(WRITE_CONFLICT, 112, "WriteConflict")                                    \
    X(DOCUMENT_VALIDATION_FAILURE, 121, "DocumentValidationFailure")           \
    X(READ_CONCERN_MAJORITY_NOT_AVAILABLE_YET, 134,                            \
      "ReadConcernMajorityNotAvailableYet")                                    \
    X(COMMAND_NOT_SUPPORTED, 115, "CommandNotSupported")                       \
    X(PRIMARY_STEPPED_DOWN, 189, "PrimarySteppedDown")                         \
    X(NOT_IMPLEMENTED, 238, "NotImplemented")                                  \
    X(EXCEEDED_TIME_LIMIT, 262, "ExceededTimeLimit")                           \
    X(NETWORK_INTERFACE_EXCEEDED_TIME_LIMIT, 202,                              \
      "NetworkInterfaceExceededTimeLimit")                                     \
    X(SOCKET_EXCEPTION, 9001, "SocketException")                               \
    X(LEGACY_NOT_PRIMARY, 10058, "LegacyNotPrimary")                           \
    X(NOT_WRITABLE_PRIMARY, 10107, "NotWritablePrimary")                       \
    X(BSON_OBJECT_TOO_LARGE, 10334, "BSONObjectTooLarge")                      \
    X(DUPLICATE_KEY, 11000, "DuplicateKey")                                    \
    X(INTERRUPTED_AT_SHUTDOWN, 11600, "InterruptedAtShutdown")                 \
    X(INTERRUPTED, 11601, "Interrupted")                                       \
    X(INTERRUPTED_DUE_TO_REPL_STATE_CHANGE, 11602,                             \
      "InterruptedDueToReplStateChange")                                       \
    X(NOT_PRIMARY_NO_SECONDARY_OK, 13435, "NotPrimaryNoSecondaryOk")           \
    X(NOT_PRIMARY_OR_SECONDARY, 13436, "NotPrimaryOrSecondary")

enum {
#define DMONGO__CODE_ENUM(constant, number, name) DMONGO_##constant = number,
    DMONGO_CODE_MAP(DMONGO__CODE_ENUM)
#undef DMONGO__CODE_ENUM
};

/* "DuplicateKey" for 11000; NULL for a number that is not in the list. Never
 * switches fibers. The string is static. */
const char *dmongo_code_name(int code);

/*
 * Error labels, by which servers say what may be done: bits of diesel_error.flags.
 * X(constant, bit, the server's name for it)
 */
#define DMONGO_LABEL_MAP(X)                                                    \
    X(TRANSIENT_TRANSACTION, 16, "TransientTransactionError")                  \
    X(UNKNOWN_COMMIT_RESULT, 17, "UnknownTransactionCommitResult")             \
    X(RETRYABLE_WRITE, 18, "RetryableWriteError")                              \
    X(NO_WRITES_PERFORMED, 19, "NoWritesPerformed")                            \
    X(RESUMABLE_CHANGE_STREAM, 20, "ResumableChangeStreamError")               \
    X(SYSTEM_OVERLOADED, 21, "SystemOverloadedError")                          \
    X(RETRYABLE, 22, "RetryableError")

enum {
#define DMONGO__LABEL_ENUM(constant, bit, name) DMONGO_EF_##constant = 1 << bit,
    DMONGO_LABEL_MAP(DMONGO__LABEL_ENUM)
#undef DMONGO__LABEL_ENUM
};

/* Whether the error has the label of that name, as "TransientTransactionError". Never
 * switches fibers. */
bool dmongo_error_has_label(const diesel_error *err, const char *label);

#ifdef __cplusplus
}
#endif
#endif
