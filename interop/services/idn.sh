# shellcheck shell=bash
# GNU libidn's command: the oracle for stringprep and IDNA 2003.
answers() { command -v idn; }
provide() { apt_install idn; }
ready() { idn --version | head -n 1; }
