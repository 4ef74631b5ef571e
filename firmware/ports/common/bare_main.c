/* SPDX-License-Identifier: MIT */
/*
 * No model at all: what this leaves in flash is the start-up code.
 */
int main(void)
{
    return 0;
}
