/* SPDX-License-Identifier: BSD-2-Clause */
/* A line for examples/spi_host.c: the host sends a request, and receives the bytes of COMING. */
#include <stdio.h>

static const uint8_t coming[] = {COMING};
static unsigned sent;

uint8_t spi_exchange(uint8_t out)
{
    printf("%02x", out);
    return sent < sizeof coming ? coming[sent++] : 0;
}

void answered(const uint8_t *frame, unsigned length)
{
    printf("<");
    for (unsigned i = 0; i < length; i++)
        printf("%02x", frame[i]);
    printf(">");
}

int main(void)
{
    static const uint8_t payload[] = {PAYLOAD};
    ask(KIND, SEQUENCE, payload, sizeof payload);
    while (sent < sizeof coming)
        read_on();
    return 0;
}
