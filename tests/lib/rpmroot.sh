# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# rpmroot.sh: throwaway roots with an rpm database of their own, in which real
# transactions of rpm and dnf run, scriptlets included.
#
#	. "$AIP_TOP/tests/lib/rpmroot.sh"
#	rr_enter "$@"            # everything below runs in namespaces of its own
#	rr_new one               # R=$AIP_TMP/one, an empty system (bash, coreutils, rpm's libraries)
#	rpm_=$(rr_initscripts 9.03.1-1 plain)
#	rr_rpm -U "$rpm_" "$AIP_RPM"
#
# The host's system is never touched: mount, PID and network namespaces of their
# own (a loopback device and nothing else), HOME and rpm's macros in $AIP_TMP, every
# root a copy that is removed with $AIP_TMP.
#
# Set by rr_enter: RR_LIB, AIP_RPM (the package aip), AIP_RPMS (the folder with all).

# shellcheck source=tests/lib/tap.sh
. "$AIP_TOP/tests/lib/tap.sh"
RR_LIB=$AIP_TOP/tests/lib
RR_HOST=host.example.com
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH LC_ALL=C

rr_die() {
	echo "rpmroot: $*" >&2
	echo "not ok - $*"
	exit 1
}

# ---- the packages under test ---------------------------------------------------

# rr_build plain|next: build aip's packages once for a state of the sources, whoever
# comes first; prints their folder.  plain: by "make rpm".  next: a newer release, with
# a publisher's key, by "make srpm" and rpmbuild --rebuild; the source package is there too.
rr_build() {
	local how=$1 tar dir key
	mkdir -p "$AIP_B/tests/packages"
	tar=$AIP_TMP/source-$how/$(sed -n 's/^Version: */aip-/p' "$AIP_TOP/aip.spec").tar.gz
	SOURCE_DATE_EPOCH=0 "$AIP_TOP/tools/mkdist" "$tar" || return 1
	key=$(cat "$tar" - <<<"$how ${COVERAGE:-}" | sha256sum | cut -c 1-16)
	dir=$AIP_B/tests/packages/$key
	(
		flock 9
		[ -e "$dir/done" ] && exit 0
		rm -rf "$dir.new" "$dir"
		mkdir -p "$dir.new"
		# the packages are built by what a user calls, from a tree of its own
		tar -xzf "$tar" -C "$dir.new" --strip-components=1 || exit 1
		"rr_build_$how" "$dir.new" >"$dir.new/log" 2>&1 || {
			tail -20 "$dir.new/log" >&2
			exit 1
		}
		mkdir "$dir" && find "$dir.new/build" -name '*.rpm' -exec mv {} "$dir/" \; && mv "$dir.new/log" "$dir/" || exit 1
		[ -n "${COVERAGE:-}" ] || rm -rf "$dir.new"
		touch "$dir/done"
		# what older states of the sources left behind
		find "$AIP_B/tests/packages" -mindepth 1 -maxdepth 1 -type d -mmin +120 -exec rm -rf {} +
	) 9>>"$AIP_B/tests/packages/lock" || return 1
	rm -rf "${tar%/*}"
	echo "$dir"
}
rr_build_plain() {
	make -s -C "$1" ${COVERAGE:+RPMBUILD_FLAGS="--nodeps --noclean"} rpm
}
rr_build_next() {
	make -s -C "$1" AIP_KEY="$AIP_TOP/tests/data/rpm/publisher.asc" srpm &&
		rpmbuild --nodeps --rebuild --with key --define 'dist .next' --define 'optflags -O0' \
			--define "_topdir $1/build/next" "$1"/build/rpmbuild/SRPMS/*.src.rpm
}

# rr_pkg DIR NAME: the file of the package NAME in DIR
rr_pkg() {
	find "$1" -maxdepth 1 -name "$2-[0-9]*.rpm" ! -name '*.src.rpm' | head -1
}

# ---- the system that is copied -------------------------------------------------

rr_programs="bash cat cp mv rm ln ls mkdir rmdir chmod chown touch head tail sort uniq cut tr wc od stat
dirname basename readlink realpath date sleep timeout true false env id uname sync mktemp tee cmp diff grep sed
find awk gzip xargs flock sha256sum setsid rpm mknod"

# rr_copy ROOT FILE...: a file of the host, links followed, and the libraries it needs
rr_copy() {
	local root=$1 f
	shift
	for f; do
		install -D -m 755 "$(realpath "$f")" "$root/usr${f#/usr}"
		ldd "$f" 2>/dev/null | grep -o '/[^ ]*' | sort -u | while read -r lib; do
			[ -e "$root$lib" ] || install -D -m 755 "$(realpath "$lib")" "$root$lib"
		done
	done
}

# rr_standin ROOT OUT.rpm: a package that provides what was copied from the host,
# so that the real dependencies of aip's packages are resolved.
rr_standin() {
	local root=$1 provides p
	provides=$(
		find -L "$root/usr/lib" "$root/lib64" -name '*.so*' -type f | /usr/lib/rpm/elfdeps --provides
		printf '%s\n' 'rtld(GNU_HASH)' /bin/sh /bin/bash /usr/bin/bash /usr/bin/sh bash coreutils logrotate
	)
	{
		printf '%s\n' "Name: os-standin" "Version: 1" "Release: 1" "Summary: what this test root has" \
			"License: none" "AutoReqProv: no"
		sort -u <<<"$provides" | while read -r p; do echo "Provides: $p"; done
		printf '%s\n' "%description" "What this test root has." "%files"
	} >"$AIP_TMP/os-standin.spec"
	rpmbuild --quiet -bb --target x86_64 "$AIP_TMP/os-standin.spec" >&2 || return 1
	mv "$AIP_TMP"/rpmbuild/RPMS/*/os-standin-1-1.*.rpm "$2"
}

# rr_base DIR: make the system in DIR
rr_base() {
	local base=$1 p d
	mkdir -p "$base"/usr/{bin,sbin,lib,lib64} "$base"/{dev,proc,sys,run,root,opt,etc/{rpm,pki/rpm-gpg,yum.repos.d,dnf},var/{lib/rpm,log,tmp,cache}}
	mkdir -m 1777 "$base/tmp"
	for d in bin sbin lib lib64; do ln -s usr/$d "$base/$d"; done
	for p in $rr_programs; do
		rr_copy "$base" "$(type -P "$p")" || return 1
	done
	ln -s bash "$base/usr/bin/sh"
	[ ! -e "$base/usr/bin/mawk" ] || ln -sf mawk "$base/usr/bin/awk"
	# what aip's own programs are linked with
	for p in "$AIP_RPMS"/*.rpm; do
		rpm2cpio "$p" | (mkdir -p "$AIP_TMP/unpacked" && cd "$AIP_TMP/unpacked" && cpio -idmu --quiet)
	done
	find "$AIP_TMP/unpacked" -type f -perm -100 | while read -r p; do
		ldd "$p" 2>/dev/null | grep -o '/[^ ]*' | sort -u | while read -r lib; do
			[ -e "$base$lib" ] || install -D -m 755 "$(realpath "$lib")" "$base$lib"
		done
	done
	rm -rf "$AIP_TMP/unpacked"
	mkdir -p "$base/usr/lib/rpm"
	cp -a /usr/lib/rpm/{macros,rpmrc,platform} "$base/usr/lib/rpm/"
	[ ! -d /usr/lib/rpm/macros.d ] || cp -a /usr/lib/rpm/macros.d "$base/usr/lib/rpm/"
	echo '%_dbpath /var/lib/rpm' >"$base/etc/rpm/macros"
	printf '%s\n' root:x:0:0:root:/root:/bin/bash >"$base/etc/passwd"
	printf '%s\n' root:x:0: >"$base/etc/group"
	printf '%s\n' '[main]' 'gpgcheck=0' 'plugins=0' 'keepcache=0' 'best=1' >"$base/etc/dnf/dnf.conf"
	rr_standin "$base" "$base/os-standin.rpm" || return 1
	rpm --root "$base" --initdb && rpm --root "$base" -i "$base/os-standin.rpm" || return 1
	rm -f "$base/os-standin.rpm"
}

# ---- entering ------------------------------------------------------------------

# rr_enter "$@": run the rest of the test in namespaces of its own
rr_enter() {
	local id
	if [ -z "${RR_INSIDE:-}" ]; then
		id=()
		[ "$(id -u)" = 0 ] || id=(-r)
		RR_INSIDE=1 exec unshare "${id[@]}" --mount --pid --net --fork --kill-child --mount-proc "$0" "$@"
	fi
	ip link set lo up || rr_die "no loopback device in the network namespace"
	export HOME=$AIP_TMP/home
	# what a make around this test was told is not for the makes in it
	unset B MAKEFLAGS MFLAGS MAKELEVEL
	mkdir -p "$HOME"
	printf '%s\n' "%_dbpath /var/lib/rpm" "%_topdir $AIP_TMP/rpmbuild" "%_buildhost $RR_HOST" \
		"%_build_id_links none" "%debug_package %{nil}" "%_binary_payload w1.gzdio" >"$HOME/.rpmmacros"
	AIP_RPMS=$(rr_build plain) || rr_die "the packages do not build"
	AIP_RPM=$(rr_pkg "$AIP_RPMS" aip)
	RR_BASE=$AIP_RPMS/root
	(
		flock 9
		[ -e "$RR_BASE/etc/ready" ] && exit 0
		rm -rf "$RR_BASE"
		rr_base "$RR_BASE" && touch "$RR_BASE/etc/ready"
	) 9>>"$AIP_RPMS/root.lock" || rr_die "the root that is copied could not be made"
	export AIP_RPMS AIP_RPM
}

# rr_new NAME: a fresh root $AIP_TMP/NAME, from now on $R
rr_new() {
	local n
	R=$AIP_TMP/$1
	cp -a "$RR_BASE" "$R" || rr_die "no room for a root"
	mount -t tmpfs -o mode=755 none "$R/dev" || rr_die "cannot mount inside the root"
	for n in null zero full random urandom tty; do
		: >"$R/dev/$n"
		mount --bind "/dev/$n" "$R/dev/$n"
	done
	ln -s /proc/self/fd "$R/dev/fd"
	rr_coverage
	mount -t proc none "$R/proc"
}

# tools/coverage: what the packaged programs count is written where they were built
rr_coverage() {
	local tree=$AIP_RPMS.new
	[ -n "${COVERAGE:-}" ] && [ -d "$tree" ] || return 0
	mkdir -p "$R$tree" && mount --bind "$tree" "$R$tree"
}

# rr_drop: the root $R is not needed any more
rr_drop() {
	umount -R "$R/proc" "$R/dev" 2>/dev/null
	[ -z "${COVERAGE:-}" ] || umount "$R$AIP_RPMS.new"
	rm -rf --one-file-system "$R" 2>&1 | grep -v "different device" >&2
}

# Debian's rpm warns that it is not Debian's package manager
rr_debian=
[ ! -e /etc/debian_version ] || rr_debian=--force-debian
rr_rpm() { rpm --root "$R" $rr_debian "$@"; }
rr_in() { chroot "$R" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
rr_aipmng() { rr_in /usr/sbin/aipmng "$@"; }

# rr_dnf ARGS: dnf on the root, with the repositories that the root has
rr_dnf() {
	dnf -q -y --installroot="$R" --config="$R/etc/dnf/dnf.conf" --setopt="reposdir=$R/etc/yum.repos.d" \
		--setopt=cachedir=/var/cache/dnf --setopt=install_weak_deps=1 --releasever=6 "$@"
}

# ---- initscripts packages ------------------------------------------------------

# rr_script rc.sysinit|halt STAMP: a lawful script of a few lines, the stamp makes
# it another one.
rr_script() {
	case $1 in
	rc.sysinit)
		cat <<-END
			#!/bin/bash
			# rc.sysinit of a test, $2
			HOSTNAME=\$(cat /proc/sys/kernel/hostname)
			cmdline=\$(cat /proc/cmdline)
			strstr() {
				[ "\${1#*\$2*}" = "\$1" ] && return 1
				return 0
			}
			mount -n -t proc /proc /proc
			/sbin/start_udev
			[ -x /sbin/mdadm ] && /sbin/mdadm -A -s --auto=yes
			if [ -x /sbin/dmraid ]; then
				/sbin/dmraid -ay -i -p
			fi
			if [ -x /sbin/multipath ]; then
				/sbin/multipath -v 0
			fi
			if [ -x /sbin/lvm ]; then
				/sbin/lvm vgchange -a y --sysinit
			fi

			if [ -f /etc/crypttab ]; then
				init_crypto 0
			fi

			if [ -f /fastboot ] || strstr "\$cmdline" fastboot ; then
				fastboot=yes
			fi
			if [ -f /fsckoptions ]; then
				fsckoptions=\$(cat /fsckoptions)
			fi
			if [ -z "\$fastboot" ]; then
				fsck -T -t noopts=_netdev -A \$fsckoptions
			fi
			mount -n -o remount,rw /
		END
		;;
	halt)
		cat <<-END
			#!/bin/bash
			# halt of a test, $2
			command=\$0
			kill -TERM 1
			# what is left mounted becomes read-only
			mount | awk '{ print \$1,\$3 }' | while read dev dir; do
			    fstab-decode mount -n -o ro,remount \$dev \$dir
			done

			if [ -n "\$OMITARGS" ]; then
			    mdadm --wait-clean --scan
			fi
			[ -n "\$kexec_command" ] && \$kexec_command -e -x >& /dev/null
			exec \$command -d -p
		END
		;;
	esac
}

# rr_initscripts VERSION-RELEASE [KIND] [STAMP]: build a package initscripts and print
# its file.  KIND: plain (as in EL6), config (EL4, EL5), noreplace.  STAMP: which
# scripts (default: of this version); equal stamps give equal scripts.  Their pristine
# bytes are in $AIP_TMP/scripts/STAMP/{rc.sysinit,halt}.  RR_RC and RR_HALT name files
# to take instead; RR_DEFINE is one more macro definition.
rr_initscripts() {
	local vr=$1 kind=${2:-plain} stamp=${3:-$1} spec dir attr
	dir=$AIP_TMP/scripts/$stamp
	if [ ! -d "$dir" ]; then
		mkdir -p "$dir"
		rr_script rc.sysinit "$stamp" >"$dir/rc.sysinit"
		rr_script halt "$stamp" >"$dir/halt"
		[ -z "${RR_RC:-}" ] || cp "$RR_RC" "$dir/rc.sysinit"
		[ -z "${RR_HALT:-}" ] || cp "$RR_HALT" "$dir/halt"
	fi
	case $kind in
	plain) attr= ;;
	config) attr=%config ;;
	noreplace) attr='%config(noreplace)' ;;
	*) rr_die "no kind $kind" ;;
	esac
	spec=$AIP_TMP/initscripts-$vr-$kind.spec
	cat >"$spec" <<-END
		Name: initscripts
		Version: ${vr%-*}
		Release: ${vr#*-}
		Summary: the boot scripts of a test
		License: GPL-2.0-or-later
		AutoReqProv: no
		Requires: /bin/bash
		%description
		The boot scripts of a test.
		%install
		install -D -m 755 $dir/rc.sysinit %{buildroot}/etc/rc.d/rc.sysinit
		install -D -m 755 $dir/halt %{buildroot}/etc/rc.d/init.d/halt
		ln -s rc.d/rc.sysinit %{buildroot}/etc/rc.sysinit
		ln -s rc.d/init.d %{buildroot}/etc/init.d
		for n in 0 1 2 3 4 5 6; do mkdir %{buildroot}/etc/rc.d/rc\$n.d; done
		%files
		%dir /etc/rc.d
		%dir /etc/rc.d/init.d
		/etc/rc.d/rc?.d
		/etc/init.d
		/etc/rc.sysinit
		$attr /etc/rc.d/rc.sysinit
		$attr /etc/rc.d/init.d/halt
	END
	mkdir -p "$AIP_TMP/rpms"
	rpmbuild --quiet -bb --target x86_64 ${RR_DEFINE:+--define "$RR_DEFINE"} \
		--define "_rpmdir $AIP_TMP/rpms/$kind" --define "_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.rpm" "$spec" >&2 ||
		rr_die "initscripts $vr does not build"
	echo "$AIP_TMP/rpms/$kind/initscripts-$vr.rpm"
}

# rr_post STAMP: the patched scripts as they have to be, $AIP_TMP/scripts/STAMP/*.post
rr_post() {
	local dir=$AIP_TMP/scripts/$1
	awk '/^if \[ -f \/fastboot/ { print "# start tracking\nif [ -f /etc/aipsnap -a ! -f /.aipsnap_dirty ]; then\n\t/etc/aipsnap start --tracking\nfi" } { print }' \
		"$dir/rc.sysinit" >"$dir/rc.sysinit.post"
	awk '{ print } in_loop && /^done$/ { print "# now clear dirty flag on tracking table\n[ -f /etc/aipsnap ] && /etc/aipsnap clear_dirtyflag"; in_loop = 0 } /^[ \t]+fstab-decode.*ro,remount/ { in_loop = 1 }' \
		"$dir/halt" >"$dir/halt.post"
}

RC=etc/rc.d/rc.sysinit
HALT=etc/rc.d/init.d/halt

# rr_state FILE: which known script a file of the root is: STAMP, STAMP+hook or a digest
rr_state() {
	local d
	[ -e "$R/$1" ] || { echo missing; return; }
	for d in "$AIP_TMP"/scripts/*/; do
		[ -e "$d/halt.post" ] || rr_post "$(basename "$d")"
		cmp -s "$R/$1" "$d/$(basename "$1")" && { basename "$d"; return; }
		cmp -s "$R/$1" "$d/$(basename "$1").post" && { echo "$(basename "$d")+hook"; return; }
	done
	sha256sum <"$R/$1" | cut -c 1-12
}

# both NAME STATE: rc.sysinit and halt are in that state
both() {
	is "$1" "$(rr_state $RC) $(rr_state $HALT)" "$2 $2"
}

# ---- keys, index, server -------------------------------------------------------

# rr_key NAME: a signing key; RR_KEY is its fingerprint, $AIP_TMP/NAME.asc the public half
rr_key() {
	export GNUPGHOME=$AIP_TMP/gnupg
	mkdir -p "$GNUPGHOME"
	chmod 700 "$GNUPGHOME"
	gpg --batch --quiet --passphrase '' --quick-gen-key "$1 <$1@$RR_HOST>" rsa2048 sign never 2>/dev/null
	RR_KEY=$(gpg --batch --with-colons --list-keys "$1@$RR_HOST" | awk -F: '$1 == "fpr" { print $10; exit }')
	gpg --batch --quiet --armor --export "$RR_KEY" >"$AIP_TMP/$1.asc"
}

# rr_index OUT "STAMP..." [OPTION]...: make an index of these scripts (options as
# mkindex.py has them), signed with the key RR_KEY when there is one
rr_index() {
	local out=$1 stamps=$2 s files=()
	shift 2
	for s in $stamps; do
		files+=("/$RC=$AIP_TMP/scripts/$s/rc.sysinit" "/$HALT=$AIP_TMP/scripts/$s/halt")
	done
	"$RR_LIB/mkindex.py" ${RR_KEY:+--sign "$RR_KEY"} -o "$out" "$@" "${files[@]}"
}

# rr_fleet: two builds of initscripts, $one (9.03.1-1) and $two (9.03.2-1), and an index of both, signed with
# the key "fleet" and served at $RR_URL/index.json
rr_fleet() {
	one=$(rr_initscripts 9.03.1-1)
	two=$(rr_initscripts 9.03.2-1)
	rr_key fleet
	mkdir "$AIP_TMP/www"
	rr_index "$AIP_TMP/www/index.json" "9.03.1-1 9.03.2-1"
	rr_serve "$AIP_TMP/www"
}

# rr_serve DIR: an HTTP server on loopback over DIR; RR_URL
rr_serve() {
	RR_PORT=$((${RR_PORT:-8000} + 1))
	export RR_URL=http://127.0.0.1:$RR_PORT
	python3 -m http.server --bind 127.0.0.1 --directory "$1" "$RR_PORT" >>"$AIP_TMP/http.log" 2>&1 &
	export RR_SERVER=$!
	for _ in $(seq 100); do
		(: </dev/tcp/127.0.0.1/"$RR_PORT") 2>/dev/null && return
		sleep 0.05
	done
	rr_die "the HTTP server does not come up"
}

# rr_hang: a server that accepts and never answers; RR_URL
rr_hang() {
	RR_PORT=$((${RR_PORT:-8000} + 1))
	export RR_URL=http://127.0.0.1:$RR_PORT
	python3 -c '
import socket, sys, time
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
held = []
while True:
    held.append(s.accept())' "$RR_PORT" &
	sleep 0.3
}

# rr_configure URL KEYFILE: the root's aip gets its index from there and trusts that
# key, like a fleet would set it: before or after aip is installed
rr_configure() {
	mkdir -p "$R/etc/aip/aip.conf.d" "$R/etc/aip/keys.d"
	printf 'index = %s\n' "$1" >"$R/etc/aip/aip.conf.d/test.conf"
	[ -z "${2:-}" ] || cp "$2" "$R/etc/aip/keys.d/"
}
