// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "common/buf.h"
#include "common/hex.h"
#include "rpm/digest.h"
#include "rpm/packet.h"

static size_t big_endian(const unsigned char *p, size_t n)
{
	size_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

/* Length of the length, and the body's length, of a packet in the old format. */
static size_t old_length(const unsigned char *p, size_t avail, int type, size_t *body)
{
	size_t n = type < 3 ? (size_t)1 << type : 0;

	if (!n || avail < n)
		return 0;
	*body = big_endian(p, n);
	return n;
}

static size_t new_length(const unsigned char *p, size_t avail, size_t *body)
{
	if (avail >= 1 && p[0] < 192) {
		*body = p[0];
		return 1;
	}
	if (avail >= 2 && p[0] < 224) {
		*body = ((size_t)(p[0] - 192) << 8) + p[1] + 192;
		return 2;
	}
	if (avail >= 5 && p[0] == 255) {
		*body = big_endian(p + 1, 4);
		return 5;
	}
	return 0; /* cut off, or a partial length, which keys and signatures must not have */
}

/* The like of a subpacket, whose two-byte form reaches further. */
static size_t sub_length(const unsigned char *p, size_t avail, size_t *body)
{
	if (avail >= 2 && p[0] >= 192 && p[0] < 255) {
		*body = ((size_t)(p[0] - 192) << 8) + p[1] + 192;
		return 2;
	}
	return new_length(p, avail, body);
}

int aip_packet_read(const unsigned char *data, size_t len, struct aip_packet *out)
{
	size_t n;

	if (len < 2 || !(data[0] & 0x80))
		return -EBADMSG;
	if (data[0] & 0x40) {
		out->tag = data[0] & 0x3f;
		n = new_length(data + 1, len - 1, &out->len);
	} else {
		out->tag = data[0] >> 2 & 0xf;
		n = old_length(data + 1, len - 1, data[0] & 3, &out->len);
	}
	if (!n || out->tag == 0 || out->len > len - 1 - n)
		return -EBADMSG;
	out->body = data + 1 + n;
	out->total = 1 + n + out->len;
	return 0;
}

int aip_packet_sig_type(const struct aip_packet *p)
{
	if (p->tag != AIP_PACKET_SIGNATURE || p->len < 6 || p->body[0] != 4)
		return -1;
	return p->body[1];
}

#define SUB_MADE     2
#define SUB_LIFE     9
#define SUB_ISSUER   16
#define SUB_CRITICAL 0x80

static void subpacket(int type, const unsigned char *data, size_t len, bool hashed,
		      struct aip_packet_sig *out)
{
	if (type == SUB_ISSUER && len == 8)
		aip_hex(data, len, out->issuer); /* only a hint, so it need not be hashed */
	if (!hashed || len != 4)
		return;
	if (type == SUB_MADE)
		out->made = big_endian(data, 4);
	if (type == SUB_LIFE)
		out->life = big_endian(data, 4);
}

/* An area of subpackets. Return: bytes with its length, 0 when it is damaged. */
static size_t subpackets(const unsigned char *p, size_t avail, bool hashed,
			 struct aip_packet_sig *out)
{
	size_t area = avail >= 2 ? big_endian(p, 2) : 0, at = 2, n, len;

	if (avail < 2 || area > avail - 2)
		return 0;
	while (at < area + 2) {
		n = sub_length(p + at, area + 2 - at, &len);
		if (!n || len < 1 || len > area + 2 - at - n)
			return 0;
		subpacket(p[at + n] & ~SUB_CRITICAL, p + at + n + 1, len - 1, hashed, out);
		at += n + len;
	}
	return at;
}

int aip_packet_sig(const struct aip_packet *p, struct aip_packet_sig *out)
{
	size_t hashed;

	memset(out, 0, sizeof(*out));
	out->type = aip_packet_sig_type(p);
	if (out->type < 0)
		return -EBADMSG;
	hashed = subpackets(p->body + 4, p->len - 4, true, out);
	if (!hashed || !subpackets(p->body + 4 + hashed, p->len - 4 - hashed, false, out))
		return -EBADMSG;
	return 0;
}

uint32_t aip_packet_key_made(const struct aip_packet *p)
{
	if (p->len < 6 || p->body[0] != 4)
		return 0;
	return big_endian(p->body + 1, 4);
}

int aip_packet_key_id(const struct aip_packet *p, char fingerprint[AIP_FPR_MAX], char keyid[17])
{
	_cleanup_buf_ struct aip_buf hashed = AIP_BUF_INIT;
	char hex[AIP_DIGEST_HEX_MAX];
	int r;

	if (p->len < 6 || p->len > 0xffff || p->body[0] != 4)
		return -EBADMSG;
	aip_buf_chr(&hashed, (char)0x99);
	aip_buf_chr(&hashed, (char)(p->len >> 8));
	aip_buf_chr(&hashed, (char)(p->len & 0xff));
	aip_buf_add(&hashed, p->body, p->len);
	if (aip_buf_status(&hashed) < 0)
		return -ENOMEM;
	r = aip_digest_hex(AIP_DIGEST_SHA1, hashed.data, hashed.len, hex);
	if (r < 0)
		return r;
	memcpy(fingerprint, hex, 41);
	memcpy(keyid, hex + 24, 17);
	return 0;
}
