/* SPDX-License-Identifier: BSD-2-Clause
 * On LiteX: classifies over and over, and once in a simulation. */
#include <generated/csr.h>
#include <generated/mem.h>
#include <generated/soc.h>
#include <irq.h>

#include "host.h"

#define CORE_INTERRUPT (1u << FIRSTSPIKE_INTERRUPT)

void host_put(char character)
{
    if (character == '\n')
        host_put('\r');
    while (uart_txfull_read())
        ;
    uart_rxtx_write((uint8_t)character);
}

uint32_t host_cycles(void)
{
    timer0_uptime_latch_write(1);
    return (uint32_t)timer0_uptime_cycles_read();
}

/* VexRiscv does not sleep. */
void host_idle(void)
{
}

static void end_simulation(void)
{
#ifdef CSR_SIM_FINISH_BASE
    while (!uart_txempty_read())
        ;
    sim_finish_finish_write(1);
#endif
}

/* crt0 comes here by the core's interrupt, which alone is enabled, and by traps. */
void isr(void);
void isr(void)
{
    const char *text = "trap\n";
    if (irq_pending() & irq_getmask() & CORE_INTERRUPT) {
        classify_interrupt();
        return;
    }
    while (*text)
        host_put(*text++);
    end_simulation();
    for (;;)
        ;
}

int main(void)
{
    irq_setmask(CORE_INTERRUPT);
    irq_setie(1);
    for (;;) {
        uint32_t begun = host_cycles();
        classify(FIRSTSPIKE_BASE);
        end_simulation();
        while (host_cycles() - begun < 5u * CONFIG_CLOCK_FREQUENCY)
            ;
    }
}
