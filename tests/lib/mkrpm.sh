# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mkrpm.sh: small packages with scripts in them, built by rpmbuild.
#
#	mkrpm_scripts DIR N             variant N of rc.sysinit and halt (a comment differs)
#	mkrpm NAME VERSION-RELEASE DIR [RPMBUILD OPTION]...   prints the package file
#
# Everything lies below $AIP_TMP.

mkrpm_scripts() {
	local f
	mkdir -p "$1"
	for f in rc.sysinit halt; do
		sed "2s/.*/# variant $2/" "$AIP_TOP/tests/data/mkindex/$f" >"$1/$f"
	done
}

mkrpm() {
	local name=$1 version=${2%-*} release=${2##*-} dir=$3 top=$AIP_TMP/rpmbuild-$1-$2 f
	shift 3
	mkdir -p "$top"
	{
		printf '%s\n' "Name: $name" "Version: $version" "Release: $release" "Summary: test" \
			"License: none" "BuildArch: ${MKRPM_ARCH:-noarch}" "AutoReqProv: no" \
			'%define __spec_install_post %{nil}' '%description' 'test' '%install'
		for f in "$dir"/*; do
			case ${f##*/} in
			halt) f=$f:/etc/rc.d/init.d/halt ;;
			rc.sysinit) f=$f:/etc/rc.d/rc.sysinit ;;
			*) f=$f:/etc/sysconfig/${f##*/} ;;
			esac
			echo "install -D -m 755 '${f%%:*}' '%{buildroot}${f##*:}'"
		done
		[ -z "${MKRPM_INSTALL:-}" ] || echo "$MKRPM_INSTALL"
		echo '%files'
		echo "${MKRPM_FILES:-/etc}"
	} >"$top/$name.spec"
	rpmbuild --quiet -bb --define "_topdir $top" --define "_rpmdir $top" --define '_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm' \
		--define '_build_name_fmt %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm' "$@" "$top/$name.spec" >"$top/log" 2>&1 || {
		cat "$top/log" >&2
		return 1
	}
	find "$top" -maxdepth 1 -name '*.rpm'
}
