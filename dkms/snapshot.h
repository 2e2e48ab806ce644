/* SPDX-License-Identifier: GPL-2.0-only */
/* snapshot.h: copy-on-write comes next; until then a snapshot is refused with EOPNOTSUPP. */
#include "tracker.h"
struct aip_snapshot_set { int x; };
static inline bool aip_snapshot_is_disk(struct gendisk *d) { return false; }
static inline bool aip_snapshot_hold(struct aip_tracker *t, struct bio *b, sector_t s, unsigned n) { return false; }
static inline void aip_snapshot_end_all(struct aip_tracker *t, u32 why) { }
static inline u32 aip_snapshot_count(struct aip_tracker *t) { return 0; }
static inline u32 aip_snapshot_total(void) { return 0; }
static inline int aip_snapshot_status(struct aipsnap_snapshot *a) { return -ENODEV; }
static inline int aip_snapshot_remove(u32 n) { return -ENODEV; }
static inline int aip_snapshot_init(void) { return 0; }
static inline void aip_snapshot_exit(void) { }
static inline struct aip_snapshot *aip_snapshot_prepare(struct aip_tracker *t, struct aipsnap_member *m, struct aip_snapshot_set *s) { return ERR_PTR(-EOPNOTSUPP); }
static inline void aip_snapshot_discard(struct aip_snapshot *s) { }
static inline void aip_snapshot_publish(struct aip_snapshot *s, struct aipsnap_member *m) { }
static inline void aip_snapshot_close_gate(struct aip_snapshot_set *s) { }
static inline void aip_snapshot_open_gate(struct aip_snapshot_set *s) { }
static inline struct aip_snapshot_set *aip_snapshot_set_new(void) { return kzalloc(sizeof(struct aip_snapshot_set), GFP_KERNEL); }
static inline void aip_snapshot_set_put(struct aip_snapshot_set *s) { kfree(s); }
static inline u64 aip_snapshot_set_number(struct aip_snapshot_set *s) { return 0; }
