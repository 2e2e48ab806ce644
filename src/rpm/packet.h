/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packet.h: the frame of OpenPGP packets (RFC 4880, 4.2): where one begins and ends, and what
 * key a key packet is.  What librpm's interface does not tell; only rpmsig.c uses this.
 */
#ifndef AIP_PACKET_H
#define AIP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpm/rpmsig.h"

enum aip_packet_tag {
	AIP_PACKET_SIGNATURE = 2,
	AIP_PACKET_SECRET_KEY = 5,
	AIP_PACKET_KEY = 6,
	AIP_PACKET_USERID = 13,
	AIP_PACKET_SUBKEY = 14,
};

struct aip_packet {
	int tag;
	const unsigned char *body;
	size_t len;
	size_t total; /* with its header */
};

/**
 * aip_packet_read - the packet that @data starts with
 * Return: 0, or -EBADMSG (not a packet, cut off, or of a length that is not told beforehand).
 */
int aip_packet_read(const unsigned char *data, size_t len, struct aip_packet *out);

/** aip_packet_sig_type - Return: type of a version 4 signature, -1 for any other packet. */
int aip_packet_sig_type(const struct aip_packet *p);

/* What a signature in a certificate says about the key that it is on. */
struct aip_packet_sig {
	int type;	 /* see RFC 4880, 5.2.1 */
	uint32_t made;	 /* seconds since 1970 */
	uint32_t life;	 /* seconds that the key is good for, from when it was made; 0: for ever */
	char issuer[17]; /* key id, lower-case hex; "" if it does not say */
};

/**
 * aip_packet_sig - read a version 4 signature's own words; nothing is verified
 * Return: 0 or -EBADMSG.
 */
int aip_packet_sig(const struct aip_packet *p, struct aip_packet_sig *out);

/** aip_packet_key_made - Return: when a key or subkey packet of version 4 was made, 0 for any other. */
uint32_t aip_packet_key_made(const struct aip_packet *p);

/**
 * aip_packet_key_id - fingerprint and key id of a key or subkey packet of version 4
 * Return: 0, -EBADMSG (another version) or -ENOSYS (SHA-1 is not to be had).
 */
int aip_packet_key_id(const struct aip_packet *p, char fingerprint[AIP_FPR_MAX], char keyid[17]);

#endif
