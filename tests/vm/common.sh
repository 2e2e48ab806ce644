# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# common.sh: what the programs of the VM lab share: the cache, messages, the
# package registry of this machine, the lock that keeps guests to two at a time.

vm_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
vm_top=$(cd "$vm_here/../.." && pwd)
AIP_CACHE=${AIP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/aip}
vm_cache=$AIP_CACHE/vm
mkdir -p "$vm_cache" || exit 1

note() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { note "$@"; exit 1; }

# once NAME RECIPE COMMAND...: the cached thing NAME made by COMMAND DIR exactly
# once, also when several ask at the same time.  COMMAND fills the empty folder
# DIR, which then becomes $vm_cache/NAME.  Another RECIPE (a string that names
# what went in) makes it anew.
once() {
	local name=$1 recipe=$2 dir=$vm_cache/$1
	shift 2
	[ "$(cat "$dir/.recipe" 2>/dev/null)" = "$recipe" ] && return 0
	(
		flock 9
		[ "$(cat "$dir/.recipe" 2>/dev/null)" = "$recipe" ] && exit 0
		chmod -R u+w "$dir" "$dir.new" 2>/dev/null
		rm -rf "$dir" "$dir.new" && mkdir -p "$dir.new" || exit 1
		"$@" "$dir.new" || exit 1
		printf '%s\n' "$recipe" >"$dir.new/.recipe" && mv -T "$dir.new" "$dir"
	) 9>"$dir.lock"
}

# apt_suite SUITE: make APT_CONFIG point at a private apt for Debian's SUITE.
# The registry's address is the one this machine's own apt is configured with.
apt_suite() {
	once "apt-$1" 3 apt_suite_ "$1" || die "no package lists of Debian's $1; see the messages above"
	export APT_CONFIG=$vm_cache/apt-$1/apt.conf
}

apt_sources() {
	local suite=$1 main sec key=/usr/share/keyrings/debian-archive-keyring.gpg
	unset APT_CONFIG
	main=$(apt-get indextargets --format '$(SITE)' "Label: Debian" | head -1)
	sec=$(apt-get indextargets --format '$(SITE)' "Label: Debian-Security" | head -1)
	[ -n "$main" ] || die "this machine's apt has no source labelled 'Debian' (run apt-get update once)"
	: "${sec:=$main-security}"
	echo "deb [signed-by=$key] $main $suite main"
	[ "$suite" = sid ] || echo "deb [signed-by=$key] $sec $suite-security main"
}

apt_suite_() {
	local suite=$1 dir=$2 final=$vm_cache/apt-$1
	mkdir -p "$dir"/{lists/partial,cache/archives/partial,etc/preferences.d,etc/apt.conf.d} &&
	: >"$dir/status" && apt_sources "$suite" >"$dir/etc/sources.list" || return 1
	cat >"$dir/apt.conf" <<-E
		Dir::State "$final";
		Dir::State::status "$final/status";
		Dir::State::lists "$final/lists";
		Dir::Cache "$final/cache";
		Dir::Etc "$final/etc";
		Dir::Etc::sourcelist "$final/etc/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Acquire::Check-Valid-Until "false";
		Acquire::Languages "none";
		Acquire::Retries "3";
		APT::Architecture "amd64";
		APT::Sandbox::User "root";
	E
	sed "s|$final|$dir|" "$dir/apt.conf" >"$dir/apt.conf.new"
	APT_CONFIG=$dir/apt.conf.new apt-get -qq update >&2 &&
	rm "$dir/apt.conf.new" "$dir"/*cache.bin "$dir"/cache/*.bin 2>/dev/null
	[ -n "$(ls "$dir"/lists/*Packages* 2>/dev/null)" ]
}

# suite_download SUITE PACKAGE...: packages into the current folder.  Lists that are kept for
# long may name what the registry does not have any more: then they are fetched anew, once.
suite_download() {
	local suite=$1
	shift
	apt_suite "$suite"
	apt-get -qq download "$@" >&2 && return 0
	rm -f "$vm_cache/apt-$suite/.recipe"
	apt_suite "$suite"
	apt-get -qq download "$@" >&2
}

# default_kernel: the kernel that tests use: AIP_KERNEL, or `make check-vm
# KERNEL=image KDIR=tree` (KERNEL_CC for kbuild), or bookworm's
default_kernel() {
	if [ -n "${AIP_KERNEL:-}" ]; then
		echo "$AIP_KERNEL"
	elif [ -n "${KERNEL:-}" ] && [ -n "${KDIR:-}" ]; then
		"$vm_here/kernel" "$KERNEL" "$KDIR"
	else
		echo "${KERNEL:-bookworm}"
	fi
}

# slow_words KERNEL-FOLDER: what a kernel that its own checks make slow (KASAN) has to be told: emulated, it
# can neither calibrate its clocks nor interpret ACPI's tables of interrupts in the time it gives itself (20 s
# for each of the four).  Without these no disk can be plugged in, so a test that does that sets VM_HOTPLUG
slow_words() {
	grep -qs '^CONFIG_KASAN=y' "$1/config" || return 0
	awk -F': ' -v acpi="$([ -n "${VM_HOTPLUG:-}" ] || echo " pci=noacpi")" '/^cpu MHz/ {
		printf " tsc_early_khz=%d tsc=reliable no_timer_check%s watchdog_thresh=60", $2 * 1000, acpi; exit }' /proc/cpuinfo
}

# guest_slot: hold one of the machine's two places for guests on descriptor 8.
guest_slot() {
	local i dir=${TMPDIR:-/tmp}
	while :; do
		for i in 0 1; do
			exec 8>>"$dir/aip-vm.$i.lock"
			flock -n 8 && return 0
		done
		sleep 0.5
	done
}
