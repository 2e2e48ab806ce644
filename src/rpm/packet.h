/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packet.h: the frame of OpenPGP packets (RFC 4880, 4.2): where one begins and ends, and what
 * key a key packet is.  What librpm's interface does not tell; only rpmsig.c uses this.
 */
#ifndef AIP_PACKET_H
#define AIP_PACKET_H

#include <stdbool.h>
#include <stddef.h>

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

/**
 * aip_packet_key_id - fingerprint and key id of a key or subkey packet of version 4
 * Return: 0, -EBADMSG (another version) or -ENOSYS (SHA-1 is not to be had).
 */
int aip_packet_key_id(const struct aip_packet *p, char fingerprint[AIP_FPR_MAX], char keyid[17]);

#endif
