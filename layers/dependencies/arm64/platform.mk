# What arm64 means in the name of a wheel and in an ELF header (EM_AARCH64).
MACHINE := aarch64
ELF_MACHINE := 183
