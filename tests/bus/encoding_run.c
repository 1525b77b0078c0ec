/* SPDX-License-Identifier: BSD-2-Clause */
/* Encodes the samples that come in. A program includes this once for each of its cores, whose name
   is n and the NUMBER; HAS_BITMAP tells whether it takes a bitmap. */

#define PASTED(a, b, c) a##b##c
#define PASTE(a, b, c) PASTED(a, b, c)
#define OF(name) PASTE(n, NUMBER, name)
#define VALUE(name) PASTE(N, NUMBER, name)

/* Every buffer has its own size to the byte, so that a sanitizer sees what is outside. */
static int OF(_run)(void)
{
    OF(_value) *values = malloc(VALUE(_VALUES) * sizeof *values);
    while (fread(values, sizeof *values, VALUE(_VALUES), stdin) == VALUE(_VALUES)) {
        uint32_t i;
#if HAS_BITMAP
        uint8_t *bytes = malloc(VALUE(_BITMAP_BYTES));
        int result;
        memset(bytes, 0xa5, VALUE(_BITMAP_BYTES));
        result = OF(_encode)(values, VALUE(_VALUES), bytes, VALUE(_BITMAP_BYTES));
        printf("%d", result);
        for (i = 0; i < VALUE(_BITMAP_BYTES); i++)
            printf(" %u", bytes[i]);
        printf("\n");
        if (OF(_encode)(values, VALUE(_VALUES) + 1u, bytes, VALUE(_BITMAP_BYTES)) !=
                VALUE(_UNFIT) ||
            OF(_encode)(values, VALUE(_VALUES), bytes, VALUE(_BITMAP_BYTES) - 1u) !=
                VALUE(_UNFIT))
            return 3;
        free(bytes);
#else
        struct OF(_event) *events = malloc(VALUE(_SIZES_ROWS_VALUE) * sizeof *events);
        uint32_t used;
        int result =
            OF(_encode)(values, VALUE(_VALUES), events, VALUE(_SIZES_ROWS_VALUE), &used);
        printf("%d", result);
        for (i = 0; i < used; i++)
            printf(" %u:%u", events[i].tick, events[i].row);
        printf("\n");
        if (OF(_encode)(values, VALUE(_VALUES) - 1u, events, VALUE(_SIZES_ROWS_VALUE), &used) !=
                VALUE(_UNFIT) || used ||
            OF(_encode)(values, VALUE(_VALUES), events, VALUE(_SIZES_ROWS_VALUE) - 1u, &used) !=
                VALUE(_UNFIT) || used)
            return 3;
        free(events);
#endif
    }
    free(values);
    return 0;
}

#undef PASTED
#undef PASTE
#undef OF
#undef VALUE
#undef NUMBER
#undef HAS_BITMAP
