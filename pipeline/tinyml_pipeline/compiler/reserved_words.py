"""Words that may not name anything in generated C: of C and C++, of compilers, and of their libraries.

Generated names are in lower case without an underscore at either end, so only such words are listed. Names that the
kernels declare are not: they are read from the kernels (emit/kernel_sources.py).
"""

from __future__ import annotations

# C up to C23, with what compilers add to it; C++ up to C++23, with its alternative tokens and `main` and `std`.
_C = """
alignas alignof asm atomic auto bool break case char complex const constexpr continue default do double else enum
extern false float for fortran generic goto if imaginary inline int long noreturn nullptr register restrict return
short signed sizeof static static_assert struct switch thread_local true typedef typeof typeof_unqual union unsigned
void volatile while
"""
_CPP = """
and and_eq asm atomic_cancel atomic_commit atomic_noexcept bitand bitor bool catch char16_t char32_t char8_t class
co_await co_return co_yield compl concept const_cast consteval constinit contract_assert decltype delete
dynamic_cast explicit export final friend import main module mutable namespace new noexcept not not_eq operator or
or_eq override private protected public reflexpr reinterpret_cast requires static_cast std synchronized template
this throw transaction_safe transaction_safe_dynamic try typeid typename using virtual wchar_t xor xor_eq
"""
# Macros that compilers define by themselves; tests/compiler/test_reserved_words.py asks those that are here.
_PREDEFINED = """
arm avr far hpux huge i386 interrupt large linux m68k mips near pdp11 powerpc ppc small sparc sun unix vax win32
win64 winnt
"""
# Macros and functions of the Arduino cores.
_ARDUINO = """
abs bit boolean byte cbi cli constrain degrees interrupts max min radians round sbi sei sq
"""
# What glibc, newlib and avr-libc declare in the headers that generated C includes: <stddef.h>, <stdint.h>, <string.h>.
_INCLUDED = """
bcmp bcopy bzero explicit_bzero ffs ffsl ffsll fls flsl flsll index int16_t int32_t int64_t int8_t int_fast16_t
int_fast32_t int_fast64_t int_fast8_t int_least16_t int_least32_t int_least64_t int_least8_t intmax_t intptr_t
locale_t max_align_t memccpy memchr memcmp memcpy memmem memmove memrchr memset offsetof ptrdiff_t rindex size_t
ssize_t stpcpy stpncpy strcasecmp strcasecmp_l strcasestr strcat strchr strchrnul strcmp strcoll strcoll_l strcpy
strcspn strdup strerror strerror_l strerror_r strlcat strlcpy strlen strlwr strncasecmp strncasecmp_l strncat
strncmp strncpy strndup strnlen strnstr strpbrk strrchr strrev strsep strsignal strspn strstr strtok strtok_r strupr
strxfrm strxfrm_l timingsafe_bcmp timingsafe_memcmp u_char u_int u_long u_short uint uint16_t uint32_t uint64_t
uint8_t uint_fast16_t uint_fast32_t uint_fast64_t uint_fast8_t uint_least16_t uint_least32_t uint_least64_t
uint_least8_t uint_t uintmax_t uintptr_t ulong ushort wint_t
"""
# What they declare in the other headers of C99.
_LIBRARY = """
abort abs acos acosf acosh acoshf acoshl acosl asctime asctime_r asin asinf asinh asinhf asinhl asinl assert atan
atan2 atan2f atan2l atanf atanh atanhf atanhl atanl atexit atof atoi atol atoll blkcnt_t blksize_t bsearch cabs
cabsf cabsl cacos cacosf cacosh cacoshf cacoshl cacosl caddr_t calloc carg cargf cargl casin casinf casinh casinhf
casinhl casinl catan catanf catanh catanhf catanhl catanl cbrt cbrtf cbrtl ccos ccosf ccosh ccoshf ccoshl ccosl ceil
ceilf ceill cexp cexpf cexpl cimag cimagf cimagl clearerr clearerror clock clock_t clockid_t clog clogf clogl conj
conjf conjl copysign copysignf copysignl cos cosf cosh coshf coshl cosl cpow cpowf cpowl cproj cprojf cprojl creal
crealf creall csin csinf csinh csinhf csinhl csinl csqrt csqrtf csqrtl ctan ctanf ctanh ctanhf ctanhl ctanl ctime
ctime_r daddr_t daylight_seconds dev_t difftime div div_t double_t dtostre dtostrf equation_of_time erf erfc erfcf
erfcl erff erfl exit exp exp2 exp2f exp2l expf expl expm1 expm1f expm1l fabs fabsf fabsl fatfs_time fclose
fdev_close fdev_get_udata fdev_set_udata fdev_setup_stream fdevopen fdim fdimf fdiml fdopen feclearexcept fegetenv
fegetexceptflag fegetround feholdexcept fenv_t feof feraiseexcept ferror fesetenv fesetexceptflag fesetround
fetestexcept feupdateenv fexcept_t fflush fgetc fgetpos fgets fileno float_t floor floorf floorl fma fmaf fmal fmax
fmaxf fmaxl fmin fminf fminl fmod fmodf fmodl fopen fpclassify fpos_t fprintf fpurge fputc fputs fread free freopen
frexp frexpf frexpl fsblkcnt_t fscanf fseek fsetpos fsfilcnt_t ftell fwrite gamma gammaf getc getchar getenv gets
gid_t gm_sidereal gmtime gmtime_r hypot hypotf hypotl id_t ilogb ilogbf ilogbl imaxabs imaxdiv imaxdiv_t infinity
infinityf ino_t int_farptr_t is_leap_year isalnum isalpha isascii isblank iscntrl isdigit isfinite isfinitef isgraph
isgreater isgreaterequal isinf isinff isless islessequal islessgreater islower isnan isnanf isnormal iso_week_date
iso_week_date_r isotime isotime_r isprint ispunct isspace isunordered isupper isxdigit itoa key_t labs ldexp ldexpf
ldexpl ldiv ldiv_t lgamma lgammaf lgammal llabs lldiv lldiv_t llrint llrintf llrintl llround llroundf llroundl
lm_sidereal localtime localtime_r log log10 log10f log10l log1p log1pf log1pl log2 log2f log2l logb logbf logbl logf
logl longjmp lrint lrintf lrintl lround lroundf lroundl ltoa malloc math_errhandling mblen mbstowcs mbtowc mk_gmtime
mktime mode_t modf modff modfl month_length moon_phase nan nanf nanl nearbyint nearbyintf nearbyintl nextafter
nextafterf nextafterl nexttoward nexttowardf nexttowardl nlink_t off_t perror pid_t pow powf powl printf psignal
putc putchar puts qsort raise rand rand_r random random_r realloc register_t remainder remainderf remainderl remove
remquo remquof remquol rename rewind rint rintf rintl round roundf roundl sbintime_t scalbln scalblnf scalblnl
scalbn scalbnf scalbnl scanf set_dst set_position set_system_time set_zone setbuf setjmp setvbuf sig_atomic_t
sighandler_t signal signbit signbitf sigset_t sin sinf sinh sinhf sinhl sinl snprintf solar_declination solar_noon
sprintf sqrt sqrtf sqrtl square squaref srand srandom sscanf stack_t stderr stdin stdout strftime strtod strtof
strtoimax strtol strtold strtoll strtoul strtoull strtoumax sun_rise sun_set suseconds_t system system_tick tan tanf
tanh tanhf tanhl tanl tgamma tgammaf tgammal time time_t timer_t tmpfile tmpnam toascii tolower toupper trunc truncf
truncl u_int16_t u_int32_t u_int64_t u_int8_t uid_t uint_farptr_t ultoa ungetc useconds_t utoa va_arg va_copy va_end
va_list va_start vfprintf vfscanf vprintf vscanf vsnprintf vsprintf vsscanf wcstoimax wcstombs wcstoumax wctomb
week_of_month week_of_year
"""

LANGUAGE_WORDS = frozenset(f"{_C} {_CPP}".split())
PREDEFINED_MACROS = frozenset(_PREDEFINED.split())
RESERVED_FOR_PARAMETERS = frozenset(" ".join((_C, _CPP, _PREDEFINED, _ARDUINO, _INCLUDED)).split())
RESERVED_WORDS = RESERVED_FOR_PARAMETERS | frozenset(_LIBRARY.split())
