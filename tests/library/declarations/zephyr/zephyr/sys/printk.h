#ifndef ZEPHYR_INCLUDE_SYS_PRINTK_H_
#define ZEPHYR_INCLUDE_SYS_PRINTK_H_

void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
