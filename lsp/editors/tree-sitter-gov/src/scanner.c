// What a word means in Gov can take several tokens of what follows to see: `allow a to b, c: deny d to e` ends a list at its
// comma, and `allow a to b, c when d` does not. The reference grammar (`grammar/src/gov.pest`) asks such questions with
// predicates; here they have the same names, and the tokens that depend on them are lexed here.
//
// The scanner keeps no state: what it gives follows from the text ahead and from what the parser can take.

#include "tree_sitter/parser.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

// The same order as `externals` in grammar.js.
enum Token {
    NAME,
    FREE_NAME,
    POLICY_NAME,
    AFTER_NAME,
    RULE_NAME,
    FIELD_NAME,
    VARIABLE,
    MODULE_NAME,
    CAPABILITY_ID,
    PRINCIPAL,
    PATTERN,
    TYPE_NAME,
    NEW_TYPE_NAME,
    CURRENCY,
    CODE,
    INTEGER,
    DECIMAL,
    DURATION,
    STRING_CONTENT,
    ESCAPE_SEQUENCE,
    STRING_END,
    INTERPOLATION_START,
    GREATER,
    CURRENCY_AHEAD,
    PATTERN_AHEAD,
    APPROVER_AHEAD,
    LABEL_AHEAD,
    OR_AHEAD,
    RECOVERING,
};

// ---- the text ahead

// As far as predicates look. A run of word characters is cut to `LONGEST_WORD`, and blanks and comments to one character
// each, so that only a chain of hundreds of names could be longer.
#define FARTHEST 1024
#define LONGEST_WORD 64

enum { END = 0, COMMENT = 1, OTHER = 2 };

typedef struct {
    TSLexer *lexer;
    int length;
    char text[FARTHEST];
} Ahead;

static bool is_lower(int32_t c) { return 'a' <= c && c <= 'z'; }
static bool is_upper(int32_t c) { return 'A' <= c && c <= 'Z'; }
static bool is_digit(int32_t c) { return '0' <= c && c <= '9'; }
static bool is_alphanumeric(int32_t c) { return is_lower(c) || is_upper(c) || is_digit(c); }
static bool is_word(int32_t c) { return is_alphanumeric(c) || c == '_'; }
static bool is_blank(int32_t c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

static void advance(TSLexer *lexer) { lexer->advance(lexer, false); }

static void put(Ahead *ahead, char c) {
    if (ahead->length < FARTHEST) ahead->text[ahead->length++] = c;
}

// Reads one more piece: a word, a stretch of blanks, a comment, or a mark.
static void read_piece(Ahead *ahead) {
    TSLexer *lexer = ahead->lexer;
    int32_t c = lexer->lookahead;
    if (lexer->eof(lexer)) {
        put(ahead, END);
    } else if (is_word(c)) {
        for (int length = 0; is_word(lexer->lookahead); length++) {
            if (length < LONGEST_WORD) put(ahead, (char)lexer->lookahead);
            // What decides whether a word is a name must not be cut off.
            else if (is_upper(lexer->lookahead)) ahead->text[ahead->length - 1] = (char)lexer->lookahead;
            advance(lexer);
        }
    } else if (is_blank(c)) {
        while (is_blank(lexer->lookahead)) advance(lexer);
        put(ahead, ' ');
    } else if (c == '/') {
        advance(lexer);
        if (lexer->lookahead != '/') {
            put(ahead, '/');
            return;
        }
        while (!lexer->eof(lexer) && lexer->lookahead != '\n') advance(lexer);
        put(ahead, COMMENT);
    } else {
        put(ahead, c > ' ' && c < 0x7f ? (char)c : OTHER);
        advance(lexer);
    }
}

static char at(Ahead *ahead, int place) {
    while (ahead->length <= place) {
        if (ahead->length == FARTHEST || (ahead->length > 0 && ahead->text[ahead->length - 1] == END)) return END;
        read_piece(ahead);
    }
    return ahead->text[place];
}

// Everything below takes a place in the text ahead and gives the place behind what it found, or `NONE`.

#define NONE (-1)

static int skip(Ahead *ahead, int place) {
    while (at(ahead, place) == ' ' || at(ahead, place) == COMMENT) place++;
    return place;
}

static int mark(Ahead *ahead, int place, char c) {
    if (place == NONE) return NONE;
    place = skip(ahead, place);
    return at(ahead, place) == c ? place + 1 : NONE;
}

// A keyword as a whole word: the first of these that stands there.
static int keyword(Ahead *ahead, int place, const char *words) {
    if (place == NONE) return NONE;
    place = skip(ahead, place);
    int end = place;
    while (is_word(at(ahead, end))) end++;
    size_t length = (size_t)(end - place);
    if (length == 0) return NONE;
    for (const char *word = words; *word;) {
        size_t size = strcspn(word, " ");
        if (size == length && memcmp(word, &ahead->text[place], size) == 0) return end;
        word += size + strspn(word + size, " ");
    }
    return NONE;
}

// Without what may stand before it: the letters, digits and `_` of a name.
static int word(Ahead *ahead, int place) {
    if (!is_lower(at(ahead, place))) return NONE;
    while (is_lower(at(ahead, place)) || is_digit(at(ahead, place)) || at(ahead, place) == '_') place++;
    return place;
}

static int name(Ahead *ahead, int place) {
    if (place == NONE) return NONE;
    int end = word(ahead, skip(ahead, place));
    return end != NONE && !is_word(at(ahead, end)) ? end : NONE;
}

static int type_name(Ahead *ahead, int place) {
    if (place == NONE) return NONE;
    place = skip(ahead, place);
    if (!is_upper(at(ahead, place))) return NONE;
    while (is_alphanumeric(at(ahead, place))) place++;
    return at(ahead, place) == '_' ? NONE : place;
}

static int digit(Ahead *ahead, int place) {
    if (place == NONE) return NONE;
    place = skip(ahead, place);
    return is_digit(at(ahead, place)) ? place + 1 : NONE;
}

static int digits(Ahead *ahead, int place) {
    if (!is_digit(at(ahead, place))) return NONE;
    while (is_digit(at(ahead, place)) || at(ahead, place) == '_') place++;
    return place;
}

static int integer(Ahead *ahead, int place) {
    if (place == NONE) return NONE;
    int end = digits(ahead, skip(ahead, place));
    if (end == NONE || is_word(at(ahead, end))) return NONE;
    return at(ahead, end) == '.' && is_digit(at(ahead, end + 1)) ? NONE : end;
}

static int duration(Ahead *ahead, int place) {
    if (place == NONE) return NONE;
    int end = digits(ahead, skip(ahead, place));
    if (end == NONE) return NONE;
    char unit = at(ahead, end);
    if (unit == 'm' && at(ahead, end + 1) == 's') end++;
    else if (unit == END || !strchr("smhd", unit)) return NONE;
    return is_word(at(ahead, end + 1)) ? NONE : end + 1;
}

static int capability_id(Ahead *ahead, int place) {
    if (place == NONE) return NONE;
    int end = word(ahead, skip(ahead, place));
    bool dotted = false;
    while (end != NONE && at(ahead, end) == '.' && word(ahead, end + 1) != NONE) {
        end = word(ahead, end + 1);
        dotted = true;
    }
    return dotted && !is_word(at(ahead, end)) ? end : NONE;
}

static int principal_name(Ahead *ahead, int place) {
    if (!is_word(at(ahead, place))) return NONE;
    for (place++;; place++) {
        char c = at(ahead, place);
        if (is_word(c)) continue;
        if (c != '-' && c != '.' && c != '@') return place;
        char next = at(ahead, place + 1);
        if (!is_word(next) && next != '*') return place;
    }
}

static int principal(Ahead *ahead, int place) {
    if (place == NONE) return NONE;
    int end = word(ahead, skip(ahead, place));
    return end != NONE && at(ahead, end) == ':' ? principal_name(ahead, end + 1) : NONE;
}

static int pattern(Ahead *ahead, int place) {
    if (place == NONE) return NONE;
    place = skip(ahead, place);
    if (at(ahead, place) == '*') return place + 1;
    int end = word(ahead, place);
    if (end == NONE) return NONE;
    if (at(ahead, end) == ':') {
        if (at(ahead, end + 1) == '*') return end + 2;
        int named = principal_name(ahead, end + 1);
        if (named != NONE) {
            while (at(ahead, named) == '*') named++;
            return named;
        }
    }
    while (at(ahead, end) == '.' || at(ahead, end) == '*') {
        int next = word(ahead, end + 1);
        end = next == NONE ? end + 1 : next;
    }
    return is_word(at(ahead, end)) ? NONE : end;
}

// ---- the predicates of gov.pest, under their names there

static bool item_start(Ahead *ahead, int place) {
    int next;
    if ((next = keyword(ahead, place, "capability")) != NONE) return capability_id(ahead, next) != NONE;
    if ((next = keyword(ahead, place, "policy")) != NONE) return mark(ahead, name(ahead, next), '{') != NONE;
    if ((next = keyword(ahead, place, "workflow")) != NONE) return mark(ahead, name(ahead, next), '(') != NONE;
    if ((next = keyword(ahead, place, "type")) != NONE) return type_name(ahead, next) != NONE;
    if ((next = keyword(ahead, place, "context")) != NONE) return mark(ahead, next, '{') != NONE;
    if ((next = keyword(ahead, place, "role package use")) != NONE) return name(ahead, next) != NONE;
    if ((next = keyword(ahead, place, "set")) != NONE) return mark(ahead, name(ahead, next), '=') != NONE;
    if ((next = keyword(ahead, place, "prove")) != NONE) return keyword(ahead, name(ahead, next), "in") != NONE;
    if ((next = keyword(ahead, place, "test")) != NONE) return mark(ahead, next, '"') != NONE;
    return false;
}

static bool clause_start(Ahead *ahead, int place) {
    int end = keyword(
        ahead, place,
        "version tags deprecated input output effect risk approval compensate retry timeout idempotent cost handler"
    );
    return end != NONE && mark(ahead, end, ':') == NONE && mark(ahead, end, ',') == NONE;
}

static bool rule_start(Ahead *ahead, int place) {
    int labelled = mark(ahead, name(ahead, place), ':');
    int end = keyword(ahead, labelled == NONE ? place : labelled, "allow deny require");
    return end != NONE && mark(ahead, end, ':') == NONE;
}

static bool acceptance_start(Ahead *ahead, int place) {
    return keyword(ahead, mark(ahead, place, '@'), "accept") != NONE;
}

static bool rule_clause_start(Ahead *ahead, int place) {
    return rule_start(ahead, place) || keyword(ahead, keyword(ahead, place, "default"), "allow deny require") != NONE ||
           keyword(ahead, keyword(ahead, place, "escalate"), "risk never") != NONE || acceptance_start(ahead, place);
}

static bool pattern_end(Ahead *ahead, int place) {
    return keyword(ahead, place, "to when because") != NONE || rule_clause_start(ahead, place) || item_start(ahead, place);
}

static bool approvers_end(Ahead *ahead, int place) {
    return keyword(ahead, place, "required none quorum within for") != NONE || rule_start(ahead, place) ||
           clause_start(ahead, place);
}

static bool statement_start(Ahead *ahead, int place) {
    int next;
    if ((next = keyword(ahead, place, "step")) != NONE) {
        next = name(ahead, next);
        return mark(ahead, next, '=') != NONE || keyword(ahead, next, "as") != NONE;
    }
    if ((next = keyword(ahead, place, "let")) != NONE) return mark(ahead, name(ahead, next), '=') != NONE;
    if ((next = keyword(ahead, place, "approval")) != NONE) return keyword(ahead, name(ahead, next), "from") != NONE;
    if ((next = keyword(ahead, place, "for")) != NONE) return keyword(ahead, name(ahead, next), "in") != NONE;
    if ((next = keyword(ahead, place, "fail")) != NONE) return mark(ahead, next, '"') != NONE;
    if ((next = keyword(ahead, place, "principal")) != NONE) return principal(ahead, next) != NONE;
    if ((next = keyword(ahead, place, "policy")) != NONE) return name(ahead, next) != NONE;
    return keyword(ahead, place, "parallel if check return wait budget") != NONE || acceptance_start(ahead, place);
}

// What follows a call's name up to its end is not looked at: where it cannot be read, neither can the file.
static bool step_opt(Ahead *ahead, int place) {
    int next;
    if ((next = keyword(ahead, place, "retry")) != NONE) {
        return keyword(ahead, keyword(ahead, next, "until"), "success") != NONE ||
               keyword(ahead, integer(ahead, next), "times") != NONE;
    }
    if ((next = keyword(ahead, place, "timeout")) != NONE) return duration(ahead, next) != NONE;
    if ((next = keyword(ahead, place, "compensate")) != NONE) {
        return keyword(ahead, next, "manually none") != NONE ||
               mark(ahead, capability_id(ahead, keyword(ahead, next, "with")), '{') != NONE;
    }
    if ((next = keyword(ahead, place, "or")) != NONE) return mark(ahead, capability_id(ahead, next), '{') != NONE;
    if ((next = keyword(ahead, place, "on")) != NONE) {
        return keyword(ahead, keyword(ahead, next, "failure"), "continue") != NONE;
    }
    if ((next = keyword(ahead, place, "after")) != NONE) return name(ahead, next) != NONE;
    return false;
}

static bool expr_stop(Ahead *ahead, int place) {
    int next;
    if (keyword(ahead, place, "where") != NONE) return true;
    if ((next = keyword(ahead, place, "because else fail")) != NONE && mark(ahead, next, '"') != NONE) return true;
    if (keyword(ahead, keyword(ahead, place, "up"), "to") != NONE) return true;
    if ((next = keyword(ahead, place, "step")) != NONE) {
        int named = name(ahead, next);
        if (mark(ahead, named, '=') != NONE || keyword(ahead, named, "as") != NONE) return true;
    }
    if (mark(ahead, name(ahead, keyword(ahead, place, "let")), '=') != NONE) return true;
    if (keyword(ahead, name(ahead, keyword(ahead, place, "for")), "in") != NONE) return true;
    if (keyword(ahead, name(ahead, keyword(ahead, place, "approval")), "from") != NONE) return true;
    if (digit(ahead, keyword(ahead, place, "wait timeout cost retry")) != NONE) return true;
    if ((next = pattern(ahead, keyword(ahead, place, "allow deny"))) != NONE &&
        (mark(ahead, next, ',') != NONE || keyword(ahead, next, "to") != NONE)) return true;
    if (keyword(ahead, keyword(ahead, place, "require"), "approval") != NONE) return true;
    if (keyword(ahead, mark(ahead, name(ahead, place), ':'), "allow deny require") != NONE) return true;
    if (keyword(ahead, keyword(ahead, place, "default"), "allow deny require") != NONE) return true;
    if (keyword(ahead, keyword(ahead, place, "escalate"), "risk") != NONE) return true;
    if (keyword(ahead, keyword(ahead, place, "retry"), "until") != NONE) return true;
    if (keyword(ahead, keyword(ahead, place, "risk"), "low medium high critical") != NONE) return true;
    if (keyword(ahead, keyword(ahead, place, "effect"), "none reversible irreversible") != NONE) return true;
    if (keyword(ahead, keyword(ahead, place, "compensate"), "with manually none") != NONE) return true;
    if (keyword(ahead, keyword(ahead, place, "handler"), "builtin none http mcp exec") != NONE) return true;
    return item_start(ahead, place);
}

static bool variable(Ahead *ahead, int place) {
    return name(ahead, place) != NONE && keyword(ahead, place, "or and not in has len matches as true false") == NONE &&
           !expr_stop(ahead, place);
}

// Whether something that can stand beside an operator starts here.
static bool primary_start(Ahead *ahead, int place) {
    int next;
    for (;;) {
        if ((next = keyword(ahead, place, "not")) == NONE && (next = mark(ahead, place, '-')) == NONE) break;
        place = next;
    }
    place = skip(ahead, place);
    char c = at(ahead, place);
    if (is_digit(c) || c == '"' || c == '(' || c == '[') return true;
    if (c == '{') {
        // A record and no block.
        next = place + 1;
        return mark(ahead, next, '}') != NONE || mark(ahead, name(ahead, next), ':') != NONE;
    }
    if (keyword(ahead, place, "true false") != NONE) return true;
    if ((next = keyword(ahead, place, "has")) != NONE) return variable(ahead, next);
    if ((next = keyword(ahead, place, "len")) != NONE) return mark(ahead, next, '(') != NONE;
    return variable(ahead, place);
}

// ---- tokens

static bool give(TSLexer *lexer, enum Token token) {
    lexer->result_symbol = token;
    return true;
}

static bool scan_in_string(TSLexer *lexer) {
    switch (lexer->lookahead) {
        case '"':
            advance(lexer);
            return give(lexer, STRING_END);
        case '{':
            advance(lexer);
            return give(lexer, INTERPOLATION_START);
        case '\\': {
            advance(lexer);
            int32_t c = lexer->lookahead;
            if (c != 'u' && c != 'n' && c != 't' && c != '"' && c != '\\' && c != '{') return false;
            advance(lexer);
            if (c == 'u') {
                if (lexer->lookahead != '{') return false;
                advance(lexer);
                int length = 0;
                while (is_digit(lexer->lookahead) || ('a' <= lexer->lookahead && lexer->lookahead <= 'f') ||
                       ('A' <= lexer->lookahead && lexer->lookahead <= 'F')) {
                    length++;
                    advance(lexer);
                }
                if (length < 1 || length > 6 || lexer->lookahead != '}') return false;
                advance(lexer);
            }
            return give(lexer, ESCAPE_SEQUENCE);
        }
        default: {
            bool some = false;
            while (!lexer->eof(lexer) && lexer->lookahead != '"' && lexer->lookahead != '{' && lexer->lookahead != '\\' &&
                   lexer->lookahead != '\n') {
                some = true;
                advance(lexer);
            }
            return some && give(lexer, STRING_CONTENT);
        }
    }
}

static bool scan_number(TSLexer *lexer, const bool *valid) {
    while (is_digit(lexer->lookahead) || lexer->lookahead == '_') advance(lexer);
    lexer->mark_end(lexer);
    if (lexer->lookahead == '.') {
        advance(lexer);
        if (!is_digit(lexer->lookahead)) return valid[INTEGER] && give(lexer, INTEGER);
        while (is_digit(lexer->lookahead) || lexer->lookahead == '_') advance(lexer);
        lexer->mark_end(lexer);
        return valid[DECIMAL] && !is_word(lexer->lookahead) && give(lexer, DECIMAL);
    }
    if (!is_word(lexer->lookahead)) return valid[INTEGER] && give(lexer, INTEGER);
    int32_t unit = lexer->lookahead;
    advance(lexer);
    if (unit == 'm' && lexer->lookahead == 's') advance(lexer);
    else if (unit != 's' && unit != 'm' && unit != 'h' && unit != 'd') return false;
    lexer->mark_end(lexer);
    return valid[DURATION] && !is_word(lexer->lookahead) && give(lexer, DURATION);
}

static bool scan_greater(TSLexer *lexer) {
    advance(lexer);
    lexer->mark_end(lexer);
    if (lexer->lookahead == '=') return false;
    Ahead ahead = {.lexer = lexer};
    // No record is greater than another: `List<T where …> {` ends a type.
    return mark(&ahead, 0, '{') == NONE && primary_start(&ahead, 0) && give(lexer, GREATER);
}

// What follows an amount on its line and is a currency: a code in small letters, too, unless it is a word of the language or
// something else's name.
static bool currency(Ahead *ahead, int place) {
    for (int length = 0; length < 3; length++) {
        if (!is_upper(at(ahead, place + length)) && !is_lower(at(ahead, place + length))) return false;
    }
    int end = place + 3;
    if (is_word(at(ahead, end))) return false;
    if (is_upper(at(ahead, place)) && is_upper(at(ahead, place + 1)) && is_upper(at(ahead, place + 2))) return true;
    if (name(ahead, place) != end) return false;
    if (keyword(ahead, place, "use set for let not has len run out and any low") != NONE) return false;
    return at(ahead, end) != ':' && at(ahead, end) != '.';
}

static bool starts_list(Ahead *ahead) { return pattern(ahead, 0) != NONE; }

// The tokens that take nothing.
static bool scan_ahead(TSLexer *lexer, const bool *valid, bool same_line) {
    Ahead ahead = {.lexer = lexer};
    if (valid[CURRENCY_AHEAD] && same_line && currency(&ahead, 0)) return give(lexer, CURRENCY_AHEAD);
    if (valid[PATTERN_AHEAD] && starts_list(&ahead) && !pattern_end(&ahead, 0)) return give(lexer, PATTERN_AHEAD);
    if (valid[APPROVER_AHEAD] && starts_list(&ahead) && !approvers_end(&ahead, 0)) return give(lexer, APPROVER_AHEAD);
    if (valid[LABEL_AHEAD] && mark(&ahead, name(&ahead, 0), ':') != NONE) return give(lexer, LABEL_AHEAD);
    int operator = valid[OR_AHEAD] ? keyword(&ahead, 0, "or") : NONE;
    return operator != NONE && primary_start(&ahead, operator) && give(lexer, OR_AHEAD);
}

// The rest of a word, to whose first letter the lexer points.
static bool scan_word(TSLexer *lexer) {
    if (!is_lower(lexer->lookahead)) return false;
    while (is_lower(lexer->lookahead) || is_digit(lexer->lookahead) || lexer->lookahead == '_') advance(lexer);
    lexer->mark_end(lexer);
    return true;
}

// The name of a principal, to behind whose colon the lexer points.
static bool scan_principal_name(TSLexer *lexer) {
    if (!is_word(lexer->lookahead)) return false;
    for (;;) {
        bool joins = lexer->lookahead == '-' || lexer->lookahead == '.' || lexer->lookahead == '@';
        if (!joins && !is_word(lexer->lookahead)) return true;
        advance(lexer);
        if (joins && !is_word(lexer->lookahead) && lexer->lookahead != '*') return true;
        lexer->mark_end(lexer);
    }
}

static bool scan_pattern(TSLexer *lexer) {
    if (lexer->lookahead == '*') {
        advance(lexer);
        lexer->mark_end(lexer);
        return give(lexer, PATTERN);
    }
    if (!scan_word(lexer)) return false;
    if (lexer->lookahead == ':') {
        advance(lexer);
        bool named = scan_principal_name(lexer);
        while (lexer->lookahead == '*') {
            advance(lexer);
            lexer->mark_end(lexer);
            if (!named) break;
        }
        return give(lexer, PATTERN);
    }
    while (lexer->lookahead == '.' || lexer->lookahead == '*') {
        advance(lexer);
        lexer->mark_end(lexer);
        scan_word(lexer);
    }
    return !is_word(lexer->lookahead) && give(lexer, PATTERN);
}

static bool scan_principal(TSLexer *lexer) {
    if (!scan_word(lexer) || lexer->lookahead != ':') return false;
    advance(lexer);
    return scan_principal_name(lexer) && give(lexer, PRINCIPAL);
}

static bool scan_capability_id(TSLexer *lexer) {
    if (!scan_word(lexer)) return false;
    bool dotted = false;
    while (lexer->lookahead == '.') {
        advance(lexer);
        if (!scan_word(lexer)) return dotted && give(lexer, CAPABILITY_ID);
        dotted = true;
    }
    return dotted && !is_word(lexer->lookahead) && give(lexer, CAPABILITY_ID);
}

static bool scan_module_name(TSLexer *lexer) {
    if (!is_lower(lexer->lookahead)) return false;
    Ahead ahead = {.lexer = lexer};
    read_piece(&ahead);
    lexer->mark_end(lexer);
    for (int place = 0; place < ahead.length; place++) {
        if (is_upper(ahead.text[place])) return false;
    }
    // An item starts with a word, and none of them with a dot right behind it.
    if (lexer->lookahead != '.') return !item_start(&ahead, 0) && give(lexer, MODULE_NAME);
    while (lexer->lookahead == '.') {
        advance(lexer);
        if (!scan_word(lexer)) return give(lexer, MODULE_NAME);
    }
    return !is_word(lexer->lookahead) && give(lexer, MODULE_NAME);
}

static bool scan_code(TSLexer *lexer) {
    if (!is_lower(lexer->lookahead) && !is_upper(lexer->lookahead)) return false;
    advance(lexer);
    bool longer = is_alphanumeric(lexer->lookahead);
    while (is_alphanumeric(lexer->lookahead)) advance(lexer);
    lexer->mark_end(lexer);
    return longer && give(lexer, CODE);
}

// A name that ends where its word does, if nothing forbids it there.
static bool scan_name(TSLexer *lexer, const bool *valid) {
    if (!is_word(lexer->lookahead)) return false;
    Ahead ahead = {.lexer = lexer};
    read_piece(&ahead);
    lexer->mark_end(lexer);
    if (type_name(&ahead, 0) != NONE) {
        if (valid[NEW_TYPE_NAME]) return give(lexer, NEW_TYPE_NAME);
        if (valid[TYPE_NAME] && keyword(&ahead, 0, "List Money") == NONE) return give(lexer, TYPE_NAME);
    }
    if (valid[CURRENCY]) {
        int end = 0;
        while (is_alphanumeric(at(&ahead, end))) end++;
        return !is_digit(at(&ahead, 0)) && at(&ahead, end) != '_' && give(lexer, CURRENCY);
    }
    int end = name(&ahead, 0);
    if (end == NONE) return false;
    if (valid[NAME]) return give(lexer, NAME);
    if (valid[FREE_NAME]) return !item_start(&ahead, 0) && give(lexer, FREE_NAME);
    if (valid[POLICY_NAME]) {
        return !statement_start(&ahead, 0) && mark(&ahead, end, '{') == NONE && give(lexer, POLICY_NAME);
    }
    if (valid[AFTER_NAME]) return !statement_start(&ahead, 0) && !step_opt(&ahead, 0) && give(lexer, AFTER_NAME);
    if (valid[RULE_NAME]) return keyword(&ahead, 0, "default for") == NONE && give(lexer, RULE_NAME);
    if (valid[FIELD_NAME]) return !expr_stop(&ahead, 0) && give(lexer, FIELD_NAME);
    return valid[VARIABLE] && variable(&ahead, 0) && give(lexer, VARIABLE);
}

bool tree_sitter_gov_external_scanner_scan(void *payload, TSLexer *lexer, const bool *valid) {
    (void)payload;
    // While an error is recovered from everything is valid, and nothing can be said about what a word means.
    if (valid[RECOVERING]) return false;
    if (valid[STRING_END]) return scan_in_string(lexer);

    bool same_line = is_blank(lexer->lookahead);
    while (is_blank(lexer->lookahead)) {
        if (lexer->lookahead != ' ' && lexer->lookahead != '\t') same_line = false;
        lexer->advance(lexer, true);
    }
    lexer->mark_end(lexer);
    int32_t c = lexer->lookahead;
    if (c == '>') return valid[GREATER] && scan_greater(lexer);
    // No state of the parser takes one of these and a token of another kind that starts like it.
    if (valid[CURRENCY_AHEAD] || valid[PATTERN_AHEAD] || valid[APPROVER_AHEAD] || valid[LABEL_AHEAD] || valid[OR_AHEAD]) {
        return (is_word(c) || c == '*') && scan_ahead(lexer, valid, same_line);
    }
    if (is_digit(c)) return (valid[INTEGER] || valid[DECIMAL] || valid[DURATION]) && scan_number(lexer, valid);
    if (valid[CODE]) return scan_code(lexer);
    if (valid[PATTERN]) return scan_pattern(lexer);
    if (valid[PRINCIPAL]) return scan_principal(lexer);
    if (valid[CAPABILITY_ID]) return scan_capability_id(lexer);
    if (valid[MODULE_NAME]) return scan_module_name(lexer);
    return scan_name(lexer, valid);
}

void *tree_sitter_gov_external_scanner_create(void) { return NULL; }
void tree_sitter_gov_external_scanner_destroy(void *payload) { (void)payload; }
unsigned tree_sitter_gov_external_scanner_serialize(void *payload, char *buffer) {
    (void)payload;
    (void)buffer;
    return 0;
}
void tree_sitter_gov_external_scanner_deserialize(void *payload, const char *buffer, unsigned length) {
    (void)payload;
    (void)buffer;
    (void)length;
}
