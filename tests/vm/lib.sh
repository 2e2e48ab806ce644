# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# lib.sh: a guest that lives over several boots, for tests.  See README.md.
#
#   vm_new IMAGE [KERNEL]       a new guest; its root is an overlay on IMAGE (/dev/vda);
#                               VM_ROOT_FORMAT=qcow2 when it is not raw
#   vm_disk SIZE|FILE [OPT=V]…  one more disk: /dev/vdb, vdc, …; prints nothing;
#                               log=FILE logs all its writes, boot N's into FILE.N
#   vm_rootlog FILE             the same for the root; before any vm_disk
#   vm_unplug DISK              hot-unplug vdb, … (QEMU's name, by the order of vm_disk); ends when it is gone
#   vm_plug DISK                plug it in again, or, after vm_detach, for the first time
#   vm_detach DISK              the next boots are without it
#   vm_exchange DISK DISK       they change places, and so their names in the guest, from the next boot on
#   vm_net                      a network card; the host's loopback is 10.0.2.2 (`ip` is busybox's)
#   vm_boot [WORDS]             start it, wait for runlevel 3; WORDS for the kernel
#   vm_run 'TEXT'               run TEXT with bash in it; its output and status
#   vm_put FILE PATH [MODE]     copy a file into it
#   vm_get PATH                 a file's bytes on stdout
#   vm_shutdown | vm_reboot     through the guest's own halt; reboot boots again
#   vm_cut                      power off, now
#   vm_stop                     end it in any state (at the end of a test)
#   vm_blockstats DISK          bytes written, as QEMU counted them (after vm_shutdown)
#   vm_trace                    what the guest wrote to its trace port, all boots
#
# Functions return 0 or 1 and leave the reason in $vm_why and on stderr.  A panic, a
# WARN or any complaint of the kernel, a guest that is lost or does not come up
# is a failure.  Time limits: VM_BOOT_LIMIT (300), VM_RUN_LIMIT (300),
# VM_DOWN_LIMIT (200) seconds: a busy machine is no failure.

# shellcheck source=tests/vm/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=tests/lib/tap.sh
. "$vm_top/tests/lib/tap.sh"
VM_BOOT_LIMIT=${VM_BOOT_LIMIT:-300} VM_RUN_LIMIT=${VM_RUN_LIMIT:-300} VM_DOWN_LIMIT=${VM_DOWN_LIMIT:-200}
VM_MEM=${VM_MEM:-768} VM_SMP=${VM_SMP:-1}
vm_n=0 vm_pid='' vm_why=''

vm_fail() {
	vm_why=$*
	note "$*"
	[ -z "${vm_dir:-}" ] || [ ! -s "$vm_dir/console.$vm_boots" ] || tail -n "${VM_TAIL:-25}" "$vm_dir/console.$vm_boots" | tr -d '\r' | sed 's/^/  | /' >&2
	return 1
}

vm_new() { # IMAGE [KERNEL]
	vm_stop
	vm_n=$((vm_n + 1))
	vm_dir=${AIP_TMP:?}/vm$vm_n
	vm_boots=0 vm_id=0 vm_drives=() vm_letter=1 vm_logs=() vm_detached=()
	vm_kernel=$("$vm_here/kernel" "${2:-$(default_kernel)}") || return 1
	mkdir -p "$vm_dir" && : >"$vm_dir/trace" &&
	qemu-img create -q -f qcow2 -b "$1" -F "${VM_ROOT_FORMAT:-raw}" "$vm_dir/root.qcow2" || { vm_fail "no disk from $1"; return 1; }
	vm_drives=(-blockdev "driver=file,node-name=f0,filename=$vm_dir/root.qcow2,cache.no-flush=on,locking=off"
		-blockdev "driver=qcow2,node-name=d0,file=f0" -device "virtio-blk-pci,drive=d0,serial=aiproot,id=vda,discard=on")
}

# a log of the writes on top of node $1, FILE.N in boot N; sets vm_node
vm_lognode() {
	vm_drives+=(-blockdev "driver=file,node-name=lf$1,filename=$2.@BOOT@,cache.no-flush=on,locking=off"
		-blockdev "driver=blklogwrites,node-name=l$1,file=$1,log=lf$1,log-super-update-interval=1,discard=unmap")
	vm_logs+=("$2")
	vm_node=l$1
}

vm_rootlog() { # FILE: from the next boot on; before any vm_disk
	vm_drives=("${vm_drives[@]:0:4}")
	vm_lognode d0 "$1"
	vm_drives+=(-device "virtio-blk-pci,drive=$vm_node,serial=aiproot,id=vda,discard=on")
}

vm_disk() { # SIZE|FILE [OPT=VALUE]...
	local file=$1 n=$vm_letter opt='' log='' o fmt=raw
	local letters=abcdefghijklmnopqrstuvwxyz
	shift
	for o; do
		case $o in log=*) log=${o#log=} ;; *) opt+=,$o ;; esac
	done
	[ -e "$file" ] || { truncate -s "$file" "$vm_dir/disk$n.img" && file=$vm_dir/disk$n.img; } || return 1
	case $file in *.qcow2) fmt=qcow2 ;; esac
	vm_drives+=(-blockdev "driver=file,node-name=f$n,filename=$file,cache.no-flush=on,locking=off,discard=unmap"
		-blockdev "driver=$fmt,node-name=d$n,file=f$n,discard=unmap")
	vm_node=d$n
	[ -z "$log" ] || vm_lognode "d$n" "$log"
	vm_drives+=(-device "virtio-blk-pci,drive=$vm_node,serial=disk$n,id=vd${letters:n:1}$opt")
	vm_letter=$((n + 1))
}

# the index of DISK's device in vm_drives → vm_at
vm_find() { # DISK
	for vm_at in "${!vm_drives[@]}"; do
		case ${vm_drives[vm_at]} in virtio-blk-pci,*",id=$1" | virtio-blk-pci,*",id=$1,"*) return 0 ;; esac
	done
	vm_fail "no disk $1"
}

vm_unplug() { # DISK
	local n end=$((SECONDS + 60))
	n=$(grep -c "DEVICE_DELETED.*\"device\": \"$1\"" "$vm_dir/qmp")
	vm_qmp "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"$1\"}}"
	until [ "$(grep -c "DEVICE_DELETED.*\"device\": \"$1\"" "$vm_dir/qmp")" -gt "$n" ]; do
		vm_alive && [ $SECONDS -lt $end ] || { vm_fail "$1 is not let go"; return 1; }
		sleep 0.1
	done
}

declare -A vm_detached
vm_plug() { # DISK
	local device=${vm_detached[$1]:-} id
	[ -n "$device" ] || { vm_find "$1" && device=${vm_drives[vm_at]}; } || return 1
	id=c$((++vm_id))
	vm_qmp "$(jq -nc --arg d "$device" --arg id "$id" '{execute: "device_add", id: $id, arguments:
		([$d | split(",")[1:][] | split("=") | {(.[0]): .[1]}] | add + {driver: "virtio-blk-pci"})}')"
	until grep -q "\"id\": \"$id\"" "$vm_dir/qmp"; do
		vm_alive || { vm_fail "plugging in $1: the guest was lost"; return 1; }
		sleep 0.1
	done
	! grep "\"id\": \"$id\"" "$vm_dir/qmp" | grep -q '"error"' || { vm_fail "plugging in $1: $(grep "\"id\": \"$id\"" "$vm_dir/qmp")"; return 1; }
}

vm_detach() { # DISK: between boots
	vm_find "$1" || return 1
	vm_detached[$1]=${vm_drives[vm_at]}
	vm_drives=("${vm_drives[@]:0:vm_at-1}" "${vm_drives[@]:vm_at+1}")
}

vm_exchange() { # DISK DISK: between boots
	local one device
	vm_find "$1" && one=$vm_at && vm_find "$2" || return 1
	device=${vm_drives[one]}
	vm_drives[one]=${vm_drives[vm_at]}
	vm_drives[vm_at]=$device
}

vm_net() {
	vm_drives+=(-netdev "user,id=net0,ipv6=off" -device virtio-net-pci,netdev=net0)
}

# vm_command NAME: a QMP command without arguments, and its answer waited for
vm_command() {
	local id end=$((SECONDS + 20))
	id=c$((++vm_id))
	vm_qmp "{\"execute\":\"$1\",\"id\":\"$id\"}"
	until grep -q "\"id\": \"$id\"" "$vm_dir/qmp"; do
		vm_alive && [ $SECONDS -lt $end ] || { vm_fail "QEMU does not answer to $1"; return 1; }
		sleep 0.02
	done
}
vm_qmp() { printf '%s\n' "$*" >&"$vm_qi"; }
vm_alive() { [ -n "$vm_pid" ] && kill -0 "$vm_pid" 2>/dev/null; }

# one line from the agent within $1 seconds → vm_line
vm_read() {
	local end=$((SECONDS + $1)) part
	vm_line=
	while :; do
		if IFS= read -r -t 1 -u "$vm_ao" part; then
			vm_line+=$part
			return 0
		fi
		vm_line+=$part
		grep -q GUEST_PANICKED "$vm_dir/qmp" && { vm_fail "the kernel panicked"; return 1; }
		vm_alive || { vm_fail "the guest was lost (QEMU ended: $(tail -n 2 "$vm_dir/qemu"))"; return 1; }
		grep -q '"SHUTDOWN"' "$vm_dir/qmp" && { vm_fail "the guest went down by itself"; return 1; }
		[ $SECONDS -lt $end ] || { vm_fail "no answer from the guest within $1 seconds"; return 1; }
	done
}

vm_start() { # WORDS: start QEMU, do not wait
	local image=$vm_kernel/vmlinux accel=(-accel "tcg,tb-size=64") p
	[ -f "$image" ] || image=$vm_kernel/vmlinuz
	[ "$VM_SMP" = 1 ] || accel=(-accel "tcg,thread=multi,tb-size=64")
	vm_boots=$((vm_boots + 1))
	for p in "${vm_logs[@]}"; do
		: >"$p.$vm_boots" || return 1
	done
	rm -f "$vm_dir"/{qmp,agent}.{in,out}
	for p in qmp.in qmp.out agent.in agent.out; do
		mkfifo "$vm_dir/$p" || return 1
	done
	exec {vm_qi}<>"$vm_dir/qmp.in" {vm_qo}<>"$vm_dir/qmp.out" {vm_ai}<>"$vm_dir/agent.in" {vm_ao}<>"$vm_dir/agent.out"
	: >"$vm_dir/qmp"
	: >"$vm_dir/console.$vm_boots"
	guest_slot
	setpriv --pdeathsig KILL qemu-system-x86_64 -M pc -nodefaults -no-user-config -display none "${accel[@]}" -cpu "${AIP_CPU:-qemu64}" \
		-action reboot=shutdown,shutdown=pause,panic=shutdown -smp "$VM_SMP" -m "$VM_MEM" -kernel "$image" -initrd "$vm_kernel/initrd.gz" \
		-append "console=ttyS0 loglevel=5 panic=-1 panic_on_warn=1 oops=panic log_buf_len=1M net.ifnames=0 aip.mode=boot$(slow_words "$vm_kernel")${1:+ $1}" \
		-chardev "file,id=con,path=$vm_dir/console.$vm_boots" -serial chardev:con -device pvpanic \
		-chardev "pipe,id=qmp,path=$vm_dir/qmp" -mon chardev=qmp,mode=control \
		-device virtio-serial-pci -chardev "pipe,id=a,path=$vm_dir/agent" -device virtserialport,chardev=a,name=aip.agent \
		-chardev "file,id=t,path=$vm_dir/trace,append=on" -device virtserialport,chardev=t,name=aip.trace \
		-object rng-random,id=rng,filename=/dev/urandom -device virtio-rng-pci,rng=rng \
		"${vm_drives[@]//@BOOT@/$vm_boots}" </dev/null >"$vm_dir/qemu" 2>&1 &
	vm_pid=$!
	cat <"$vm_dir/qmp.out" >"$vm_dir/qmp" 8>&- &
	vm_cat=$!
	vm_qmp '{"execute":"qmp_capabilities"}'
	printf 'boot %s\n' "$vm_boots" >>"$vm_dir/trace"
}

vm_boot() { # [WORDS]
	vm_start "$@" || return 1
	vm_read "$VM_BOOT_LIMIT" || { vm_why="boot: $vm_why"; vm_kill; return 1; }
	case $vm_line in
	ready\ *) return 0 ;;
	esac
	vm_fail "boot: not the agent: $vm_line"
}

vm_run() { # TEXT
	local id
	id=$((++vm_id))
	printf 'run %s %s\n' "$id" "$(printf '%s' "$1" | base64 -w0)" >&"$vm_ai"
	vm_answer "$id"
}

vm_answer() {
	local verb id status text
	while :; do
		vm_read "$VM_RUN_LIMIT" || return 1
		read -r verb id status text <<<"$vm_line"
		case $verb in
		done) [ "$id" = "$1" ] && break ;;
		ready) vm_fail "the agent died in the guest"; return 1 ;;
		esac
	done
	base64 -d <<<"$text"
	return "$status"
}

vm_put() { # FILE PATH [MODE]
	local id
	id=$((++vm_id))
	{ printf 'put %s %s %s %s\n' "$id" "$(stat -L -c %s "$1")" "${3:-644}" "$2"; cat "$1"; } >&"$vm_ai"
	vm_answer "$id"
}

vm_get() { vm_run "cat '$1'"; }

# what the kernel said so far that it should not have said
vm_complaints() {
	vm_run 'dmesg | grep -E "WARNING: |BUG: |Oops|INFO: (possible|task|rcu)|rcu: INFO|possible (recursive|circular|irq lock)|suspicious RCU|UBSAN|KASAN|general protection"
		[ $(($(cat /proc/sys/kernel/tainted) & (32 | 128 | 512 | 16384))) = 0 ] || echo "taint $(cat /proc/sys/kernel/tainted)"
		grep -s "debug_locks: *0" /proc/lockdep_stats'
	:
}

vm_kill() {
	[ -n "$vm_pid" ] || return 0
	kill -9 "$vm_pid" 2>/dev/null
	wait "$vm_pid" 2>/dev/null
	kill "$vm_cat" 2>/dev/null
	wait "$vm_cat" 2>/dev/null
	vm_pid=
	exec {vm_qi}>&- {vm_qo}>&- {vm_ai}>&- {vm_ao}>&- 8>&-
}
vm_cut() { vm_kill; }
vm_stop() { vm_kill; }
trap vm_stop EXIT

# wait for the guest's end after $1 (halt or reset) was asked for
vm_wait_down() {
	local end=$((SECONDS + VM_DOWN_LIMIT)) reason=guest-shutdown
	[ "$1" = reboot ] && reason=guest-reset
	until grep -q '"SHUTDOWN"' "$vm_dir/qmp"; do
		vm_alive || { vm_fail "$1: the guest was lost (QEMU ended: $(tail -n 2 "$vm_dir/qemu"))"; vm_kill; return 1; }
		[ $SECONDS -lt $end ] || { vm_fail "$1: not down within $VM_DOWN_LIMIT seconds"; vm_kill; return 1; }
		sleep 0.1
	done
	vm_qmp '{"execute":"query-blockstats","id":"end"}'
	end=$((SECONDS + 10))
	until grep -q '"id": "end"' "$vm_dir/qmp" || [ $SECONDS -ge $end ]; do
		sleep 0.1
	done
	cp "$vm_dir/qmp" "$vm_dir/qmp.$vm_boots"
	vm_kill
	if grep -q GUEST_PANICKED "$vm_dir/qmp"; then
		vm_fail "$1: the kernel panicked"; return 1
	elif ! grep -q "\"SHUTDOWN\".*\"reason\": \"$reason\"" "$vm_dir/qmp"; then
		vm_fail "$1: another end than the one asked for: $(grep '"SHUTDOWN"' "$vm_dir/qmp")"; return 1
	fi
	# the agent is dead by now: what the kernel said since can only be read here
	if grep -a -E 'WARNING: |BUG: |Oops' "$vm_dir/console.$vm_boots" >&2; then
		vm_fail "$1: the kernel complained"; return 1
	fi
}

vm_down() { # halt|reboot
	local said
	said=$(vm_complaints) || return 1
	[ -z "$said" ] || { vm_fail "the kernel complained: $said"; return 1; }
	case $1 in
	halt) vm_run 'setsid shutdown -h now </dev/null >/dev/null 2>&1 & :' || return 1 ;;
	reboot) vm_run 'setsid shutdown -r now </dev/null >/dev/null 2>&1 & :' || return 1 ;;
	esac
	vm_wait_down "$1"
}
vm_shutdown() { vm_down halt; }
vm_reboot() { vm_down reboot && vm_boot "$@"; }

vm_blockstats() { # DISK (vda, …): bytes written, write operations, flushes
	grep '"id": "end"' "$vm_dir/qmp" | jq -r --arg d "$1" '.return[] | select(.qdev | test($d)) | .stats | "\(.wr_bytes) \(.wr_operations) \(.flush_operations)"'
}
vm_trace() { cat "$vm_dir/trace"; }

# ---- cases (tests/lib/tap.sh) -------------------------------------------------
# check NAME COMMAND...: one case, run in this shell (holds would lose the guest)
check() {
	local name=$1
	shift
	if "$@" >&2; then ok "$name"; else fail "$name" "'$1' failed: ${vm_why:-}"; return 1; fi
}
