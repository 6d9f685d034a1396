# What x86_64 means to the package installer and in an ELF header (EM_X86_64). Lambda's python3.13 runs on glibc 2.34.
PLATFORM := x86_64-manylinux_2_28
ELF_MACHINE := 62
