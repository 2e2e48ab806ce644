// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packages: whatever the bytes are, what comes out is consistent.  Digests of the header are not
 * checked here, so that mutations get through to what reads the header and the payload.
 */
#include <rpm/rpmts.h>

#define AIP_PKG_VSFLAGS (_RPMVSF_NOSIGNATURES | _RPMVSF_NODIGESTS)
#include "../../src/rpm/rpmpkg.c"

#include <stdint.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* librpm's own leaks on damaged packages end with the child process that reads them */
const char *__lsan_default_suppressions(void)
{
	return "leak:librpm";
}

static void require(bool holds)
{
	if (!holds)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const want[] = { "/etc/rc.d/rc.sysinit", "/etc/rc.d/init.d/halt" };
	_cleanup_close_ int fd = memfd_create("package", MFD_CLOEXEC);
	struct aip_pkg pkg = { 0 };
	struct aip_err err = AIP_ERR_INIT;
	char path[64], hex[AIP_DIGEST_HEX_MAX];
	size_t i;

	require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (aip_pkg_read(path, want, 2, 65536, &pkg, &err) < 0) {
		require(err.msg[0]);
	} else {
		require(pkg.name && pkg.evr && pkg.arch && pkg.n == 2);
		for (i = 0; i < 2; i++) {
			struct aip_pkgfile *f = &pkg.files[i];

			require(!f->content == !f->regular);
			if (!f->content)
				continue;
			require(f->len == f->size && f->len <= 65536);
			require(aip_digest_hex(f->algo, f->content, f->len, hex) == 0);
			require(strcmp(hex, f->digest) == 0);
		}
	}
	aip_pkg_free(&pkg);
	return 0;
}
