/* SPDX-License-Identifier: BSD-2-Clause
 * What the firmware asks of the system it runs on, and what it is asked. */
#ifndef HOST_H
#define HOST_H

#include <stdint.h>

void host_put(char character);

/* Clock cycles since some moment; only differences mean something. */
uint32_t host_cycles(void);

/* Called over and over while the firmware waits for an interrupt; a host may sleep in it. */
void host_idle(void);

/* The host calls it while the core's interrupt is high. */
void classify_interrupt(void);

/* Load the core at `base`, let it classify all digits, and tell; 0 if all is as golden decides. */
int classify(uintptr_t base);

#endif
