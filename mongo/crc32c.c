/* SPDX-License-Identifier: MIT */
/*
 * CRC-32C, the checksum that a server may put behind an OP_MSG. Servers send it
 * only when they are told to, so a small table, one entry for each half byte,
 * is enough. The polynomial is 0x1EDC6F41; bits go in lowest first, hence the
 * table is made of the mirrored one, 0x82F63B78.
 */
#include "wire_internal.h"

static const uint32_t halves[16] = {
    0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1, 0x417B1DBC, 0x5125DAD3,
    0x61C69362, 0x7198540D, 0x82F63B78, 0x92A8FC17, 0xA24BB5A6, 0xB21572C9,
    0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75,
};

uint32_t dmongo__crc32c(uint32_t crc, const uint8_t *bytes, size_t n)
{
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        crc = crc >> 4 ^ halves[crc & 15];
        crc = crc >> 4 ^ halves[crc & 15];
    }
    return ~crc;
}
