# SPDX-License-Identifier: MIT
#
# The macros of Diesel's configure.ac, so that nothing beyond autoconf, automake,
# libtool and pkg-config is needed to make `configure`.

# DIESEL_ARG_ENABLE(NAME, WHAT)
# An --enable-NAME switch that is off by default; leaves "yes" or "no" in $enable_NAME.
AC_DEFUN([DIESEL_ARG_ENABLE],
[AC_ARG_ENABLE([$1], [AS_HELP_STRING([--enable-$1], [$2])],
    [AS_IF([test "$enable_$1" != no], [enable_$1=yes])], [enable_$1=no])])

# DIESEL_TRY_CFLAGS(FLAGS, [VARIABLE = DIESEL_CFLAGS])
# Appends each of FLAGS that the compiler takes to VARIABLE.
AC_DEFUN([DIESEL_TRY_CFLAGS],
[for diesel_flag in $1; do
    diesel_saved_cflags=$CFLAGS
    # clang only warns about a flag that it does not know, hence -Werror.
    CFLAGS="$CFLAGS -Werror $diesel_flag"
    AC_MSG_CHECKING([whether $CC takes $diesel_flag])
    AC_COMPILE_IFELSE([AC_LANG_SOURCE([extern int diesel_probe;])],
        [AC_MSG_RESULT([yes])
         m4_default([$2], [DIESEL_CFLAGS])="$m4_default([$2], [DIESEL_CFLAGS]) $diesel_flag"],
        [AC_MSG_RESULT([no])])
    CFLAGS=$diesel_saved_cflags
done])

# DIESEL_SANITIZE(NAME, FLAGS)
# Adds FLAGS to SANITIZE_FLAGS, for compiling and linking, when --enable-NAME was
# given; that the runtime library is missing is said here rather than by the first
# link.
AC_DEFUN([DIESEL_SANITIZE],
[AS_IF([test "$enable_$1" = yes],
    [diesel_saved_cflags=$CFLAGS
     CFLAGS="$CFLAGS $2"
     AC_MSG_CHECKING([whether programs built with $2 run])
     AC_RUN_IFELSE([AC_LANG_PROGRAM([], [return 0])],
        [AC_MSG_RESULT([yes])],
        [AC_MSG_RESULT([no])
         AC_MSG_ERROR([--enable-$1: $CC cannot build or run programs with $2])],
        [AC_MSG_RESULT([not tried when cross-compiling])])
     CFLAGS=$diesel_saved_cflags
     SANITIZE_FLAGS="$SANITIZE_FLAGS $2"])])

# DIESEL_TRY_LINK_SHARED(FLAGS, IF-YES, IF-NO)
# Whether a shared library links with FLAGS.
AC_DEFUN([DIESEL_TRY_LINK_SHARED],
[diesel_saved_ldflags=$LDFLAGS
 diesel_saved_cflags=$CFLAGS
 CFLAGS="$CFLAGS -fPIC"
 LDFLAGS="$LDFLAGS -shared $1"
 AC_LINK_IFELSE([AC_LANG_SOURCE([int diesel_probe(void); int diesel_probe(void) { return 0; }])],
    [$2], [$3])
 CFLAGS=$diesel_saved_cflags
 LDFLAGS=$diesel_saved_ldflags])

# DIESEL_HIREDIS
# Finds hiredis, whose reply reader libdiesel-redis uses. Two ways:
#  * by pkg-config: libdiesel-redis depends on the system's libhiredis;
#  * --with-hiredis=PREFIX: PREFIX/lib/libhiredis.a (position-independent) becomes
#    part of libdiesel-redis, so that PREFIX is not needed once Diesel is installed.
# From 1.0 on the reader knows RESP3; with older ones Diesel speaks RESP2.
# Sets HIREDIS_CFLAGS, HIREDIS_LIBS (for benchmarks), HIREDIS_ARCHIVE (the second
# way only) and HIREDIS_REQUIRES (for diesel-redis.pc, the first way only).
AC_DEFUN([DIESEL_HIREDIS],
[AC_ARG_WITH([hiredis],
    [AS_HELP_STRING([--with-hiredis=PREFIX],
        [make PREFIX/lib/libhiredis.a part of libdiesel-redis
         instead of depending on the system's hiredis])],
    [], [with_hiredis=no])
HIREDIS_ARCHIVE=
HIREDIS_REQUIRES=
AS_CASE([$with_hiredis],
    [no],
        [PKG_CHECK_MODULES([HIREDIS], [hiredis >= 0.14])
         HIREDIS_REQUIRES=hiredis],
    [yes],
        [AC_MSG_ERROR([--with-hiredis needs the folder that holds include/hiredis and lib])],
    [HIREDIS_ARCHIVE=$with_hiredis/lib/libhiredis.a
     HIREDIS_CFLAGS="-I$with_hiredis/include"
     HIREDIS_LIBS=$HIREDIS_ARCHIVE
     AS_IF([test ! -f "$HIREDIS_ARCHIVE"],
        [AC_MSG_ERROR([--with-hiredis: there is no $HIREDIS_ARCHIVE])])])
AM_CONDITIONAL([HIREDIS_BUNDLED], [test -n "$HIREDIS_ARCHIVE"])
diesel_saved_cppflags=$CPPFLAGS
CPPFLAGS="$CPPFLAGS $HIREDIS_CFLAGS"
AC_MSG_CHECKING([whether hiredis knows RESP3])
AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
#include <hiredis/hiredis.h>
#if HIREDIS_MAJOR < 1
#error "RESP2 only"
#endif
]])],
    [AC_MSG_RESULT([yes])
     hiredis_summary="RESP3 and RESP2"
     AC_DEFINE([HAVE_HIREDIS_RESP3], [1], [Define to 1 if hiredis can read RESP3.])],
    [AC_MSG_RESULT([no])
     hiredis_summary="RESP2 only (RESP3 needs hiredis 1.0)"])
CPPFLAGS=$diesel_saved_cppflags
AS_IF([test -n "$HIREDIS_ARCHIVE"],
    [hiredis_summary="$hiredis_summary, hiredis inside libdiesel-redis"])
AC_SUBST([HIREDIS_ARCHIVE])
AC_SUBST([HIREDIS_OPTION], ["--with-hiredis=$with_hiredis"])
AC_SUBST([HIREDIS_REQUIRES])])

# DIESEL_BOOST
# Looks for Boost.Context and Boost.Fiber, peers of the benchmarks; both need a
# C++ compiler, and neither comes with a pkg-config file.
AC_DEFUN([DIESEL_BOOST],
[have_boost_context=no
have_boost_fiber=no
AC_LANG_PUSH([C++])
diesel_saved_libs=$LIBS
LIBS="$diesel_saved_libs -lboost_context"
AC_MSG_CHECKING([for Boost.Context])
AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <boost/context/fiber.hpp>]],
    [[boost::context::fiber f([](boost::context::fiber &&g) { return std::move(g); });
      f = std::move(f).resume();]])],
    [have_boost_context=yes])
AC_MSG_RESULT([$have_boost_context])
LIBS="$diesel_saved_libs -lboost_fiber -lboost_context -lpthread"
AC_MSG_CHECKING([for Boost.Fiber])
AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <boost/fiber/all.hpp>]],
    [[boost::fibers::fiber f([] { boost::this_fiber::yield(); }); f.join();]])],
    [have_boost_fiber=yes])
AC_MSG_RESULT([$have_boost_fiber])
LIBS=$diesel_saved_libs
AC_LANG_POP([C++])
AM_CONDITIONAL([HAVE_BOOST_CONTEXT], [test "$have_boost_context" = yes])
AM_CONDITIONAL([HAVE_BOOST_FIBER], [test "$have_boost_fiber" = yes])])

# DIESEL_YESNO(VARIABLE, NAMES)
# Sets VARIABLE to those of NAMES whose $enable_NAME is "yes", or to "none".
AC_DEFUN([DIESEL_YESNO],
[$1=
for diesel_name in $2; do
    eval "diesel_value=\$enable_$diesel_name"
    AS_IF([test "$diesel_value" = yes], [$1="${$1:+$$1, }$diesel_name"])
done
: "${$1:=none}"])

# DIESEL_COMPRESSOR(NAME, MODULE)
# --with-NAME, for compressing MongoDB's messages: used where pkg-config finds it
# unless that is switched off; "yes" makes it a must. Defines HAVE_NAME, adds to
# COMPRESS_CFLAGS, COMPRESS_LIBS, COMPRESS_REQUIRES (for diesel-mongo.pc) and
# $compressors.
AC_DEFUN([DIESEL_COMPRESSOR],
[AC_ARG_WITH([$1],
    [AS_HELP_STRING([--without-$1], [do not compress MongoDB's messages with $1])],
    [], [with_$1=maybe])
AS_IF([test "$with_$1" != no],
    [PKG_CHECK_MODULES(m4_toupper([$1]), [$2],
        [AC_DEFINE([HAVE_]m4_toupper([$1]), [1], [Define to 1 to compress with $1.])
         COMPRESS_CFLAGS="$COMPRESS_CFLAGS $m4_toupper([$1])_CFLAGS"
         COMPRESS_LIBS="$COMPRESS_LIBS $m4_toupper([$1])_LIBS"
         COMPRESS_REQUIRES="$COMPRESS_REQUIRES, $2"
         compressors="$compressors $1"],
        [AS_IF([test "$with_$1" = yes],
            [AC_MSG_ERROR([--with-$1: $2 not found])])])])
AC_SUBST([COMPRESS_CFLAGS])
AC_SUBST([COMPRESS_LIBS])
AC_SUBST([COMPRESS_REQUIRES])])
