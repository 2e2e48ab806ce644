#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: a chain in NBD exports (unix socket, TCP, TLS) restores exactly; a store that goes away is an error that leaves the chain as it was
# needs: qemu-nbd, openssl
. "$AIP_TOP/tests/backup/lib.sh"
pids=()
trap 'kill "${pids[@]}" 2>/dev/null' EXIT

serve() { # NAME FILE [OPTION...]: on a unix socket, until the test ends
	local name=$1 file=$2
	shift 2
	qemu-nbd -f raw -t -k "$AIP_TMP/$name.sock" "$@" "$file" &
	pids+=($!)
	for _ in {1..100}; do [ -S "$name.sock" ] && return; sleep .1; done
	fail "qemu-nbd serves $name"
}

make_source src 6
for n in 1 2 3; do
	noise 6291456 "old content $n" >e$n # an export is not blank
	serve e$n e$n
done
uri() { echo "nbd+unix:///?socket=$AIP_TMP/$1.sock"; }
cp src v1
holds "full" "$bak" full --as-is --paranoid --to "$(uri e1)" src set
same "a full backup's export is the image" e1 src
change src 4 a
cp src v2
holds "incremental" "$bak" incremental --compare --as-is --paranoid --to "$(uri e2)" src set
"$bak" incremental -q --compare --as-is --to "$(uri e2)" src set >out.txt 2>&1
has "an export that is taken is refused" "$(cat out.txt)" "holds backup 0002 already"
"$bak" incremental -q --compare --as-is src set >out.txt 2>&1
has "files and exports are not mixed" "$(cat out.txt)" "one set keeps all its data"
change src 4 b
cp src v3
holds "another" "$bak" incremental --compare --as-is --to "$(uri e3)" src set
for n in 1 2 3; do
	rm -f out
	"$bak" restore -q --id 000$n set out >&2
	cmp out v$n >&2 && ok "000$n restores exactly" || fail "000$n restores exactly"
done
holds "verify" "$bak" verify set
holds "prune" "$bak" prune --keep 1 set
rm -f out
"$bak" restore -q set out >&2
cmp out v3 >&2 && ok "after pruning too" || fail "after pruning too"
same "all data is in the first export then" e1 v3

# a small export
truncate -s 1M tiny
serve tiny tiny
"$bak" full -q --as-is --to "$(uri tiny)" src set2 >out.txt 2>&1
is "an export that is too small is an error" $? 1
has "and says so" "$(cat out.txt)" "make the export as large as the device"
# a server that dies in the middle
truncate -s 6M e4
serve e4 e4
"$bak" full -q --rate 2M --as-is --to "$(uri e4)" src set2 >out.txt 2>&1 &
pid=$!
sleep 1
kill "${pids[-1]}"
wait $pid
is "a server that dies is an error" $? 1
is "and leaves no backup" "$(find set2 -name '*.json' | wc -l)" 0
"$bak" full -q --as-is --to "$(uri none)" src set2 >out.txt 2>&1
is "no server is an error" $? 1

# TLS with certificates of our own
mkdir ca srv cli
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca/key -out ca/ca-cert.pem 2>/dev/null
for who in srv cli; do
	openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout $who/key.pem -out $who/csr 2>/dev/null
	printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >$who/ext
	openssl x509 -req -days 2 -in $who/csr -CA ca/ca-cert.pem -CAkey ca/key -CAcreateserial -extfile $who/ext -out $who/cert.pem 2>/dev/null
	cp ca/ca-cert.pem $who/
done
mv srv/key.pem srv/server-key.pem && mv srv/cert.pem srv/server-cert.pem
mv cli/key.pem cli/client-key.pem && mv cli/cert.pem cli/client-cert.pem
truncate -s 6M e5
port=$((20000 + RANDOM % 20000))
qemu-nbd -f raw -t -b 127.0.0.1 -p $port --object tls-creds-x509,id=tls,endpoint=server,dir="$AIP_TMP/srv",verify-peer=on --tls-creds tls e5 &
pids+=($!)
for _ in {1..100}; do (exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null && break; sleep .1; done
holds "nbds://: full over TLS" "$bak" full --as-is --paranoid --to "nbds://localhost:$port/?tls-certificates=$AIP_TMP/cli" src set3
same "nbds://: the export is the image" e5 src
"$bak" full -q --as-is --to "nbd://localhost:$port/" src set4 >out.txt 2>&1
is "nbd:// to a server that demands TLS is an error" $? 1
tap_done
