#ifndef RZ_CJSONC_SHIM_H
#define RZ_CJSONC_SHIM_H

#include <json-c/json.h>

// Members of an object in their order, which json-c offers to C only as a macro.

static inline struct lh_entry *rz_json_first_member(const struct json_object *object) {
    return json_object_get_object(object)->head;
}

static inline struct lh_entry *rz_json_next_member(const struct lh_entry *entry) {
    return entry->next;
}

static inline const char *rz_json_member_name(const struct lh_entry *entry) {
    return (const char *)entry->k;
}

static inline struct json_object *rz_json_member_value(const struct lh_entry *entry) {
    return (struct json_object *)entry->v;
}

#endif
