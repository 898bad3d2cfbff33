#ifndef SHOAL_CNCURSES_H
#define SHOAL_CNCURSES_H

// Everything that touches curses or a signal handler is here: macros, globals and variadic functions do not import into
// Swift 6, and Swift code is not safe in a handler. Only the module Terminal imports this header.

#ifndef NCURSES_WIDECHAR
#define NCURSES_WIDECHAR 1
#endif
#ifndef NCURSES_NOMACROS
#define NCURSES_NOMACROS 1
#endif

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

// term.h takes common words for capabilities.
#undef lines
#undef columns
#undef tab
#undef bell
#undef newline

enum { SHOAL_KEY_PASTE_BEGIN = 0x7001, SHOAL_KEY_PASTE_END = 0x7002 };
// Above all signals' numbers, which are the other bytes of that pipe.
enum { SHOAL_BYTE_RESIZE = 'R', SHOAL_BYTE_RESUME = 'C' };

enum { SHOAL_TERMINATE_SIGNALS = 3, SHOAL_CRASH_SIGNALS = 6, SHOAL_RESTORE_SIZE = 512, SHOAL_STACK_SIZE = 65536 };

struct shoal_state {
    SCREEN *screen;
    WINDOW *keys;
    // What follows is read by signal handlers, too.
    volatile int signal_pipe;
    struct sigaction old_terminate[SHOAL_TERMINATE_SIGNALS];
    struct sigaction old_crash[SHOAL_CRASH_SIGNALS];
    struct sigaction old_winch;
    struct sigaction old_cont;
    struct sigaction old_pipe;
    bool crash_installed;
    volatile int crash_tty;
    struct termios crash_termios;
    char crash_text[SHOAL_RESTORE_SIZE];
    volatile size_t crash_length;
    stack_t old_stack;
    void *stack;
};

// One for all: Swift emits functions of a header into each object file that calls them, statics copied.
__attribute__((weak)) struct shoal_state shoal_shared = {.signal_pipe = -1, .crash_tty = -1};

static inline int shoal_terminate_signal(int index) {
    static const int list[SHOAL_TERMINATE_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};
    return list[index];
}

static inline int shoal_crash_signal(int index) {
    static const int list[SHOAL_CRASH_SIGNALS] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE};
    return list[index];
}

// ---- the session with curses; one thread only -------------------------------------------------------------------

/// NULL if TERM is unknown; unlike initscr it neither prints nor exits.
static inline bool shoal_newterm(FILE *out, FILE *in) {
    // LINES and COLUMNS of the environment would freeze the size.
    use_env(FALSE);
    use_tioctl(TRUE);
    shoal_shared.screen = newterm(NULL, out, in);
    return shoal_shared.screen != NULL;
}

static inline bool shoal_is_open(void) { return shoal_shared.screen != NULL; }

static inline bool shoal_has_string(const char *name) {
    const char *text = tigetstr((char *)name);
    return text != NULL && text != (char *)-1;
}

/// 1: the terminal can address its cursor and clear, the least that a full screen needs; 0: it cannot ("dumb");
/// -1: TERM is unknown.
static inline int shoal_terminal_fitness(int descriptor) {
    int problem = 0;
    if (setupterm(NULL, descriptor, &problem) != OK) return -1;
    int fitness = shoal_has_string("cup") && shoal_has_string("clear") ? 1 : 0;
    del_curterm(cur_term);
    return fitness;
}

static inline void shoal_setup(void) {
    raw();
    noecho();
    nonl();
    // Keys are read from a pad: reading from a window may refresh it, in the middle of a frame.
    shoal_shared.keys = newpad(1, 1);
    if (shoal_shared.keys == NULL) shoal_shared.keys = stdscr;
    keypad(shoal_shared.keys, TRUE);
    nodelay(shoal_shared.keys, TRUE);
    intrflush(stdscr, FALSE);
    leaveok(stdscr, TRUE);
    scrollok(stdscr, FALSE);
    idlok(stdscr, FALSE);
    curs_set(0);
    if (getenv("ESCDELAY") == NULL) set_escdelay(25);
    define_key("\033[H", KEY_HOME);
    define_key("\033[F", KEY_END);
    define_key("\033OH", KEY_HOME);
    define_key("\033OF", KEY_END);
    define_key("\033[1~", KEY_HOME);
    define_key("\033[4~", KEY_END);
    define_key("\033[5~", KEY_PPAGE);
    define_key("\033[6~", KEY_NPAGE);
    define_key("\033[3~", KEY_DC);
    define_key("\033[Z", KEY_BTAB);
    define_key("\033[A", KEY_UP);
    define_key("\033[B", KEY_DOWN);
    define_key("\033[C", KEY_RIGHT);
    define_key("\033[D", KEY_LEFT);
    define_key("\033OA", KEY_UP);
    define_key("\033OB", KEY_DOWN);
    define_key("\033OC", KEY_RIGHT);
    define_key("\033OD", KEY_LEFT);
    define_key("\033OP", KEY_F0 + 1);
    define_key("\033[11~", KEY_F0 + 1);
    define_key("\033[200~", SHOAL_KEY_PASTE_BEGIN);
    define_key("\033[201~", SHOAL_KEY_PASTE_END);
}

/// The number of colours, 0 for none. True in `has_default` if the terminal's own background can be used.
static inline int shoal_start_color(bool *has_default) {
    *has_default = false;
    if (!has_colors() || start_color() == ERR) return 0;
    *has_default = use_default_colors() == OK;
    return COLORS;
}

/// A pair for two palette colours (-1: the terminal's own), found or made; 0 when there is none left.
static inline int shoal_pair(int foreground, int background) {
    int pair = alloc_pair(foreground, background);
    return pair < 0 ? 0 : pair;
}

static inline attr_t shoal_attributes(bool bold, bool dim, bool reversed, bool underlined) {
    return (bold ? A_BOLD : 0) | (dim ? A_DIM : 0) | (reversed ? A_REVERSE : 0) | (underlined ? A_UNDERLINE : 0);
}

/// Puts one glyph. The lower right cell reports an error although it is drawn, so the result says nothing.
static inline void shoal_put(int y, int x, uint32_t scalar, attr_t attributes, int pair) {
    cchar_t cell;
    wchar_t text[2] = {(wchar_t)scalar, 0};
    int extended = pair;
    if (setcchar(&cell, text, attributes, (short)(pair > 32767 ? 32767 : pair), &extended) == ERR) return;
    mvwadd_wch(stdscr, y, x, &cell);
}

static inline void shoal_show(void) {
    wnoutrefresh(stdscr);
    doupdate();
}

/// After a stop, in which a shell may have had the terminal.
static inline void shoal_resume(void) { reset_prog_mode(); }

static inline void shoal_repaint_all(void) { clearok(curscr, TRUE); }

/// Columns as curses will count them, -1 for what it will not print.
static inline int shoal_curses_width(uint32_t scalar) { return wcwidth((wchar_t)scalar); }

/// 0: a character in `code`; 1: a key code; -1: nothing to read.
static inline int shoal_read_key(uint32_t *code) {
    wint_t value = 0;
    int result = wget_wch(shoal_shared.keys, &value);
    *code = (uint32_t)value;
    return result == ERR ? -1 : (result == KEY_CODE_YES ? 1 : 0);
}

static inline bool shoal_resize(int rows, int columns_) {
    if (!is_term_resized(rows, columns_)) return false;
    return resizeterm(rows, columns_) == OK;
}
static inline int shoal_rows(void) { return getmaxy(stdscr); }
static inline int shoal_columns(void) { return getmaxx(stdscr); }

static inline bool shoal_window_size(int descriptor, int *width, int *height) {
    struct winsize size;
    if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return false;
    *width = size.ws_col;
    *height = size.ws_row;
    return true;
}

static inline void shoal_endwin(void) {
    if (shoal_shared.screen == NULL) return;
    endwin();
    if (shoal_shared.keys != NULL && shoal_shared.keys != stdscr) delwin(shoal_shared.keys);
    shoal_shared.keys = NULL;
    delscreen(shoal_shared.screen);
    shoal_shared.screen = NULL;
}

/// Turns the reports of the mouse on or off; false if the terminal has none, by its entry or by what curses makes of it.
/// Curses turns them off itself in endwin.
static inline bool shoal_use_mouse(bool on) {
    if (!shoal_has_string("kmous")) return false;
    // A press is told at once, not held back until it is known whether it becomes a click.
    mouseinterval(0);
    // All that a terminal may report, although most of it is of no interest: for a report outside the mask curses waits
    // for the next one, in a read that no time-out ends, and the screen would stand still after each release.
    mmask_t wanted = BUTTON1_PRESSED | BUTTON1_RELEASED | BUTTON2_PRESSED | BUTTON2_RELEASED | BUTTON3_PRESSED
        | BUTTON3_RELEASED | BUTTON4_PRESSED | BUTTON4_RELEASED | BUTTON5_PRESSED | BUTTON5_RELEASED
        | REPORT_MOUSE_POSITION;
    return mousemask(on ? wanted : 0, NULL) != 0 || !on;
}

/// After KEY_MOUSE: 1 for the left button, 4 and 5 for the wheel up and down, 0 for anything else.
static inline int shoal_read_mouse(int *x, int *y) {
    MEVENT event;
    if (getmouse(&event) != OK) return 0;
    *x = event.x;
    *y = event.y;
    if (event.bstate & BUTTON1_PRESSED) return 1;
    if (event.bstate & BUTTON4_PRESSED) return 4;
    return event.bstate & BUTTON5_PRESSED ? 5 : 0;
}

static inline int shoal_key_function(uint32_t code) {
    return code > KEY_F0 && code <= KEY_F0 + 63 ? (int)code - KEY_F0 : 0;
}

// ---- locale ----------------------------------------------------------------------------------------------------

/// Takes the user's locale for characters only (numbers stay as in C), or C.UTF-8 if the environment names none.
/// True if text is UTF-8. Call before any other thread starts.
static inline bool shoal_set_locale(void) {
    const char *wish = getenv("LC_ALL");
    if (wish == NULL || *wish == 0) wish = getenv("LC_CTYPE");
    if (wish == NULL || *wish == 0) wish = getenv("LANG");
    bool asked = wish != NULL && *wish != 0;
    bool found = setlocale(LC_CTYPE, "") != NULL;
    if (found && strcmp(nl_langinfo(CODESET), "UTF-8") == 0) return true;
    if (asked) {
        // A UTF-8 locale that is not installed here still says what the terminal understands.
        bool wants_utf8 = strstr(wish, "UTF-8") != NULL || strstr(wish, "utf8") != NULL;
        if (found || !wants_utf8) return false;
    }
    return setlocale(LC_CTYPE, "C.UTF-8") != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

// ---- signals ---------------------------------------------------------------------------------------------------

static void shoal_on_signal(int signal_number) {
    int saved = errno;
    unsigned char byte = signal_number == SIGWINCH ? SHOAL_BYTE_RESIZE
        : signal_number == SIGCONT                 ? SHOAL_BYTE_RESUME
                                                   : (unsigned char)signal_number;
    int pipe_end = shoal_shared.signal_pipe;
    if (pipe_end >= 0 && write(pipe_end, &byte, 1) < 0) { /* A full pipe will wake the thread just as well. */ }
    errno = saved;
}

static void shoal_on_crash(int signal_number, siginfo_t *info, void *context) {
    int tty = shoal_shared.crash_tty;
    if (tty >= 0) {
        shoal_shared.crash_tty = -1;
        // A stopped or dead terminal must not keep a crashed process from ending.
        int flags = fcntl(tty, F_GETFL);
        if (flags >= 0) fcntl(tty, F_SETFL, flags | O_NONBLOCK);
        if (write(tty, shoal_shared.crash_text, shoal_shared.crash_length) < 0) { /* Nobody is left to be told. */ }
        if (flags >= 0) fcntl(tty, F_SETFL, flags);
        tcsetattr(tty, TCSANOW, &shoal_shared.crash_termios);
    }
    struct sigaction old;
    memset(&old, 0, sizeof old);
    old.sa_handler = SIG_DFL;
    for (int i = 0; i < SHOAL_CRASH_SIGNALS; i++) {
        if (shoal_crash_signal(i) == signal_number) old = shoal_shared.old_crash[i];
    }
    sigaction(signal_number, &old, NULL);
    // A fault repeats itself on return, for the handler that was there before and then for none.
    if (info != NULL && info->si_code > 0 && signal_number != SIGTRAP && signal_number != SIGABRT) return;
    // What was sent (kill, abort, raise) does not: the one before, which relies on it, would return into a process that
    // has given its terminal away and lives on.
    if ((old.sa_flags & SA_SIGINFO) != 0 && old.sa_sigaction != NULL) {
        old.sa_sigaction(signal_number, info, context);
    } else if (old.sa_handler != SIG_DFL && old.sa_handler != SIG_IGN) {
        old.sa_handler(signal_number);
    }
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static inline void shoal_install_handler(int signal_number, struct sigaction *old) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = shoal_on_signal;
    sigfillset(&action.sa_mask);
    // Nodes in this process must not see EINTR more than needed; poll is interrupted all the same.
    action.sa_flags = SA_RESTART;
    sigaction(signal_number, &action, old);
}

/// SIGINT, SIGTERM, SIGHUP, SIGWINCH and SIGCONT become bytes in the pipe. Before newterm, or curses installs its own
/// handlers, which end the process.
static inline void shoal_install_signals(int pipe_end) {
    shoal_shared.signal_pipe = pipe_end;
    for (int i = 0; i < SHOAL_TERMINATE_SIGNALS; i++) {
        shoal_install_handler(shoal_terminate_signal(i), &shoal_shared.old_terminate[i]);
    }
    shoal_install_handler(SIGWINCH, &shoal_shared.old_winch);
    shoal_install_handler(SIGCONT, &shoal_shared.old_cont);
    struct sigaction ignore;
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, &shoal_shared.old_pipe);
}

static inline void shoal_append_restore(const char *text) {
    size_t length = text == NULL || text == (const char *)-1 ? 0 : strlen(text);
    if (shoal_shared.crash_length + length > SHOAL_RESTORE_SIZE) return;
    memcpy(shoal_shared.crash_text + shoal_shared.crash_length, text, length);
    shoal_shared.crash_length += length;
}

// Whether a crash handler has given the terminal back: other threads may run on for as long as a backtrace takes.
static inline bool shoal_has_crashed(void) { return shoal_shared.crash_installed && shoal_shared.crash_tty < 0; }

/// After newterm: what leaves the screen and shows the cursor is taken from terminfo now, since a handler must not ask.
static inline void shoal_install_crash(int tty, const struct termios *before) {
    shoal_shared.crash_length = 0;
    shoal_append_restore("\033[?2004l");
    // Where curses turns the mouse on, it does so with these; off they may be twice.
    if (shoal_has_string("kmous")) shoal_append_restore("\033[?1006l\033[?1000l");
    shoal_append_restore(tigetstr((char *)"sgr0"));
    shoal_append_restore(tigetstr((char *)"cnorm"));
    shoal_append_restore(tigetstr((char *)"rmkx"));
    shoal_append_restore(tigetstr((char *)"rmcup"));
    shoal_append_restore("\r\n");
    shoal_shared.crash_termios = *before;
    shoal_shared.crash_tty = tty;
    // The alternate stack holds for this thread alone; a stack overflow elsewhere dies without restoring.
    shoal_shared.stack = malloc(SHOAL_STACK_SIZE);
    memset(&shoal_shared.old_stack, 0, sizeof shoal_shared.old_stack);
    if (shoal_shared.stack != NULL) {
        stack_t stack = {.ss_sp = shoal_shared.stack, .ss_flags = 0, .ss_size = SHOAL_STACK_SIZE};
        if (sigaltstack(&stack, &shoal_shared.old_stack) != 0) {
            free(shoal_shared.stack);
            shoal_shared.stack = NULL;
        }
    }
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = shoal_on_crash;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < SHOAL_CRASH_SIGNALS; i++) {
        sigaction(shoal_crash_signal(i), &action, &shoal_shared.old_crash[i]);
    }
    shoal_shared.crash_installed = true;
}

/// Puts every handler back as it was.
static inline void shoal_remove_signals(void) {
    shoal_shared.crash_tty = -1;
    if (shoal_shared.crash_installed) {
        for (int i = 0; i < SHOAL_CRASH_SIGNALS; i++) {
            sigaction(shoal_crash_signal(i), &shoal_shared.old_crash[i], NULL);
        }
        shoal_shared.crash_installed = false;
    }
    if (shoal_shared.stack != NULL && sigaltstack(&shoal_shared.old_stack, NULL) == 0) {
        free(shoal_shared.stack);
        shoal_shared.stack = NULL;
    }
    for (int i = 0; i < SHOAL_TERMINATE_SIGNALS; i++) {
        sigaction(shoal_terminate_signal(i), &shoal_shared.old_terminate[i], NULL);
    }
    sigaction(SIGWINCH, &shoal_shared.old_winch, NULL);
    sigaction(SIGCONT, &shoal_shared.old_cont, NULL);
    sigaction(SIGPIPE, &shoal_shared.old_pipe, NULL);
    shoal_shared.signal_pipe = -1;
}

#endif
