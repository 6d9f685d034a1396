# What arm64 means to the package installer and in an ELF header (EM_AARCH64). Lambda's python3.13 runs on glibc 2.34.
PLATFORM := aarch64-manylinux_2_28
ELF_MACHINE := 183
