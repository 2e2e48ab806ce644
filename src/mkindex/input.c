// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/fs.h"
#include "fetch/gunzip.h"
#include "mkindex/gz.h"
#include "mkindex/input.h"
#include "patch/envelope.h"

int input_read(const char *path, struct input *in, struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf file = AIP_BUF_INIT;
	int r = aip_read_file(AT_FDCWD, path, AIP_INDEX_MAX_BYTES, &file, err);

	if (r == 0 && is_gzip(file.data, file.len))
		r = gunzip(file.data, file.len, AIP_INDEX_MAX_BYTES, path, &in->raw, err);
	else if (r == 0)
		aip_buf_add(&in->raw, file.data, file.len);
	if (r < 0)
		return r;
	in->envelope = aip_envelope_looks(in->raw.data, in->raw.len);
	if (in->envelope)
		r = aip_envelope_peek(in->raw.data, in->raw.len, path, &in->payload, err);
	else
		aip_buf_add(&in->payload, in->raw.data, in->raw.len);
	if (r == 0 && (aip_buf_status(&in->raw) < 0 || aip_buf_status(&in->payload) < 0))
		r = aip_err_errno(err, -ENOMEM, "cannot read %s", path);
	return r < 0 ? r
		     : aip_index_parse(in->payload.data, in->payload.len, path, &in->index, err);
}

void input_free(struct input *in)
{
	aip_buf_free(&in->raw);
	aip_buf_free(&in->payload);
	aip_index_free(in->index);
	in->index = NULL;
}

int output_write(const char *path, const void *data, size_t len, struct aip_err *err)
{
	_cleanup_buf_ struct aip_buf packed = AIP_BUF_INIT;
	size_t n = path ? strlen(path) : 0;
	int r;

	if (!n || strcmp(path, "-") == 0) {
		r = aip_write_all(STDOUT_FILENO, data, len);
		return r < 0 ? aip_err_errno(err, r, "cannot write to standard output") : 0;
	}
	if (n > 3 && strcmp(path + n - 3, ".gz") == 0) {
		if (gz(data, len, &packed) < 0)
			return aip_err_errno(err, -ENOMEM, "cannot write %s", path);
		data = packed.data;
		len = packed.len;
	}
	return aip_write_file(AT_FDCWD, path, data, len, 0644, err);
}
