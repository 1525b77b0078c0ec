// SPDX-License-Identifier: BSD-2-Clause
// Lets a Verilator model run inside Python's own executable; see hosted_verilator.py.
//
// The model is a shared library, preloaded into Python. The C library's __libc_start_main, which
// would call Python's main, is intercepted here and calls that of the simulation instead
// (cocotb's verilator.cpp, whose main is renamed when it is compiled).

#include <dlfcn.h>
#include <sys/prctl.h>

#include <csignal>
#include <cstdlib>

int simulation_main(int argc, char **argv);

namespace {

using Main = int (*)(int, char **, char **);
using Hook = void (*)();

int run(int argc, char **argv, char **) {
    unsetenv("LD_PRELOAD");  // not for processes that the bench starts
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a simulation without the program that runs it is no use
    return simulation_main(argc, argv);
}

}  // namespace

extern "C" int __libc_start_main(Main, int argc, char **argv, Main init, Hook fini, Hook rtld_fini,
                                 void *stack_end) {
    auto start = reinterpret_cast<decltype(&__libc_start_main)>(
        dlsym(RTLD_NEXT, "__libc_start_main"));
    return start(run, argc, argv, init, fini, rtld_fini, stack_end);
}
