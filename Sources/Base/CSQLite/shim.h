#ifndef RZ_CSQLITE_SHIM_H
#define RZ_CSQLITE_SHIM_H

#include <sqlite3.h>

/// Binds a text that SQLite copies. SQLITE_TRANSIENT is a macro with a cast, which Swift can't see.
static inline int rz_sqlite_bind_text(sqlite3_stmt *statement, int index, const char *text, int length) {
    return sqlite3_bind_text(statement, index, text, length, SQLITE_TRANSIENT);
}

#endif
