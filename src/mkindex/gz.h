/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MKINDEX_GZ_H
#define MKINDEX_GZ_H

#include "common/buf.h"

/** gz - append @data as gzip, the same bytes for the same data. Return: 0 or -ENOMEM. */
int gz(const void *data, size_t len, struct aip_buf *out);

#endif
