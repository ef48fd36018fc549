/* stream.c -- the published generator for known-answer tests, and the seeds of child streams. */
#include "threefry.h"

/* Threefry4x64 with any number of rounds, written as the paper states it: the reference against
 * which the unrolled 13 rounds of threefry.h are tested. */
void klf_threefry4x64(int rounds, const uint64_t key[4], const uint64_t counter[4],
                      uint64_t out[4])
{
    static const int rotation[8][2] = {{14, 16}, {52, 57}, {23, 40}, {5, 37},
                                       {25, 33}, {46, 12}, {58, 22}, {32, 32}};
    const klf_key full = klf_make_key(key[0], key[1], key[2], key[3]);
    for (size_t i = 0; i < 4; i++)
        out[i] = counter[i] + full.word[i];
    for (int r = 0; r < rounds; r++) {
        KLF_MIX(out[0], out[r % 2 ? 3 : 1], rotation[r % 8][0]);
        KLF_MIX(out[2], out[r % 2 ? 1 : 3], rotation[r % 8][1]);
        if (r % 4 == 3) {
            const size_t injection = (size_t)r / 4 + 1;
            for (size_t i = 0; i < 4; i++)
                out[i] += full.word[(injection + i) % 5];
            out[3] += injection;
        }
    }
}

void klf_spawn(const klf_stream *parent, klf_child_kind kind, uint64_t index, klf_stream *child)
{
    const uint64_t key[4] = {parent->seed[0], parent->seed[1], parent->stream,
                             KLF_PURPOSE_SPAWN};
    const uint64_t counter[4] = {index, (uint64_t)kind, 0, 0};
    uint64_t out[4];
    klf_threefry4x64(20, key, counter, out); /* 20 rounds: the paper's margin of safety */
    *child = (klf_stream){{out[0], out[1]}, 0};
}
