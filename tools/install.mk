# SPDX-License-Identifier: GPL-2.0-or-later
#
# make install DESTDIR=DIR: what a package carries, where it belongs on a
# machine; aip.spec calls this.  Every path can be overridden, as in Makefile.
#
#   AIP_KEY=FILE   the publisher's public key (armored), pinned by the package.
#                  Without it no key file is installed: then aipmng believes only
#                  the index shipped in the package and keys in /etc/aip/keys.d.

usrsbindir ?= $(prefix)/sbin
bindir ?= $(prefix)/bin
mandir ?= $(datadir)/man
initddir ?= $(sysconfdir)/rc.d/init.d
unitdir ?= $(prefix)/lib/systemd/system
presetdir ?= $(prefix)/lib/systemd/system-preset
# where EL6 has them, and every later release through a link
udevrulesdir ?= /lib/udev/rules.d
completionsdir ?= $(datadir)/bash-completion/completions
srcdir ?= $(prefix)/src
# the version that DKMS knows the module by; a package adds its release
DKMS_VERSION ?= $(VERSION)
aipdir = $(DESTDIR)$(datadir)/aip
aiplibexec = $(DESTDIR)$(libexecdir)/aip

# $(call install_prog,program,folder)
install_prog = install -D -m 755 $(B)/$(1) $(DESTDIR)$(2)/$(1)

.PHONY: install
install: programs
	install -d -m 755 $(DESTDIR)$(sysconfdir)/aip/aip.conf.d $(DESTDIR)$(sysconfdir)/aip/keys.d
	install -d -m 755 $(DESTDIR)$(localstatedir)/cache/aip $(DESTDIR)$(localstatedir)/lib/aip
	$(call install_prog,aipmng,$(usrsbindir))
	$(call install_prog,aip-fetch,$(libexecdir)/aip)
	$(call install_prog,aipsnap,$(sbindir))
	$(if $(filter aipbackup,$(WITHOUT)),,$(call install_prog,aipbackup,$(bindir)))
	$(if $(filter mkindex,$(WITHOUT)),,$(call install_prog,aip-mkindex,$(bindir)))
	ln -sfn ..$(sbindir)/aipsnap $(DESTDIR)$(sysconfdir)/aipsnap
	install -d -m 755 $(DESTDIR)$(sysconfdir)/aip/freeze.d
	install -D -m 644 src/aipsnap/69-aipsnap.rules $(DESTDIR)$(udevrulesdir)/69-aipsnap.rules
	install -D -m 644 src/aipsnap/aipsnap-late.service $(DESTDIR)$(unitdir)/aipsnap-late.service
	install -D -m 755 src/aipsnap/aipsnap.init $(aipdir)/jobs/aipsnap.init
	install -D -m 755 triggers/aip-trigger $(aiplibexec)/aip-trigger
	install -D -m 755 triggers/aip-jobs $(aiplibexec)/aip-jobs
	install -D -m 755 triggers/aip.init $(aipdir)/jobs/aip.init
	install -D -m 644 triggers/aip.cron $(aipdir)/jobs/aip.cron
	for u in aip.service aip-reconcile.service aip.timer; do \
		install -D -m 644 triggers/$$u $(DESTDIR)$(unitdir)/$$u || exit 1; done
	install -D -m 644 triggers/80-aip.preset $(DESTDIR)$(presetdir)/80-aip.preset
	install -D -m 644 triggers/aip.logrotate $(DESTDIR)$(sysconfdir)/logrotate.d/aip
	install -D -m 644 triggers/aip.repo $(DESTDIR)$(sysconfdir)/yum.repos.d/aip.repo
	$(if $(AIP_KEY),,sed -i 's|^gpgkey=.*|# the key that signs the packages of your mirror (this build of aip brought none):\n#gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-example|' $(DESTDIR)$(sysconfdir)/yum.repos.d/aip.repo)
	install -D -m 644 src/aipmng/aip.conf $(DESTDIR)$(sysconfdir)/aip/aip.conf
	$(if $(AIP_KEY),install -D -m 644 $(AIP_KEY) $(DESTDIR)$(sysconfdir)/pki/rpm-gpg/RPM-GPG-KEY-aip)
	install -D -m 644 patches/index.json $(aipdir)/index.json
	install -d -m 755 $(aipdir)/patch $(DESTDIR)/opt/NetJapan
	install -m 644 patches/rc.sysinit-sample.patch patches/halt-sample.patch $(aipdir)/patch
	ln -sfn ../..$(datadir)/aip/patch $(DESTDIR)/opt/NetJapan/patch
	for f in $(filter-out $(WITHOUT:%=doc/%.1) $(WITHOUT:%=doc/aip-%.1),$(wildcard doc/*.[1-9])); do \
		install -D -m 644 $$f $(DESTDIR)$(mandir)/man$${f##*.}/$${f##*/} || exit 1; done
	for f in $(filter-out $(WITHOUT:%=doc/completion/%) $(WITHOUT:%=doc/completion/aip-%),$(wildcard doc/completion/*)); do \
		install -D -m 644 $$f $(DESTDIR)$(completionsdir)/$${f##*/} || exit 1; done
	$(install_dkms)

# what DKMS builds from is the folder as it is, with the version of the package
define install_dkms
for f in $$(find dkms -type f ! -name '*.o' ! -name '*.ko' ! -name '.*' ! -name 'build.mk' ! -name '*.mod*' ! -name 'Module.symvers' ! -name 'modules.order'); do \
	install -D -m "$$([ -x "$$f" ] && echo 755 || echo 644)" $$f $(DESTDIR)$(srcdir)/aip-$(DKMS_VERSION)/$${f#dkms/} || exit 1; done
	sed -i 's/^PACKAGE_VERSION=.*/PACKAGE_VERSION="$(DKMS_VERSION)"/' $(DESTDIR)$(srcdir)/aip-$(DKMS_VERSION)/dkms.conf
endef
