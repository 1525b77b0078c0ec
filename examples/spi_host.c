// SPDX-License-Identifier: BSD-2-Clause
// A host of the link over SPI (docs/link.md): it sends requests, and receives answers.

#include <stdint.h>

uint8_t spi_exchange(uint8_t out);  /* a byte each way, highest bit first, chip select low */
void answered(const uint8_t *frame, unsigned length);  /* type, sequence, payload */

static uint16_t crc_of(uint16_t crc, uint8_t byte)
{
    crc ^= (uint16_t)(byte << 8);
    for (int bit = 0; bit < 8; bit++)
        crc = (uint16_t)(crc << 1 ^ (crc & 0x8000 ? 0x1021 : 0));
    return crc;
}

static uint8_t held[256];  /* an answer, as it comes */
static unsigned count;

/* Each byte that comes goes through here. */
static void take(uint8_t byte)
{
    unsigned from = 0, to = 0;
    uint16_t crc = 0xFFFF;
    if (byte) {
        if (count < sizeof held)
            held[count++] = byte;
        return;
    }
    while (from < count) {  /* COBS is undone in its place */
        uint8_t code = held[from++];
        for (uint8_t left = code; left > 1 && from < count; left--)
            held[to++] = held[from++];
        if (code < 0xFF && from < count)
            held[to++] = 0;
    }
    count = 0;
    for (unsigned i = 0; i < to; i++)
        crc = crc_of(crc, held[i]);
    if (to >= 4 && crc == 0)
        answered(held, to - 2);
}

void ask(uint8_t type, uint8_t sequence, const uint8_t *payload, unsigned length)
{
    uint8_t coded[256];
    unsigned code = 0, at = 1;
    uint16_t crc = 0xFFFF;
    for (unsigned i = 0; i < length + 4; i++) {
        uint8_t byte = i == 0 ? type : i == 1 ? sequence : i < length + 2 ? payload[i - 2]
                     : (uint8_t)(i == length + 2 ? crc >> 8 : crc);
        if (i < length + 2)
            crc = crc_of(crc, byte);
        if (byte) {
            coded[at++] = byte;
        } else {
            coded[code] = (uint8_t)(at - code);
            code = at++;
        }
    }
    coded[code] = (uint8_t)(at - code);
    coded[at++] = 0;
    for (unsigned i = 0; i < at; i++)
        take(spi_exchange(coded[i]));
}

/* While an answer is due. */
void read_on(void)
{
    take(spi_exchange(0));
}
