" Colours without a parser: by words alone, which is nearly right. The tree-sitter parser knows what each word is.
if exists("b:current_syntax")
  finish
endif

syntax case match

syntax match govName "\<[a-z][a-z0-9_]*\>"
syntax match govType "\<[A-Z][A-Za-z0-9]*\>"

syntax keyword govItem package use type context role set capability policy workflow prove test
syntax keyword govClause version tags deprecated input output effect risk approval compensate retry timeout idempotent cost
syntax keyword govClause handler default escalate
syntax keyword govRule allow deny require required from quorum within to when otherwise because never always sometimes undoes
syntax keyword govRule spends at most before without none reversible irreversible with manually times until success backoff on
syntax keyword govRule transient by builtin http mcp exec
syntax keyword govStatement principal budget tenant calls step as run failure continue after check else fail let if parallel for
syntax keyword govStatement up wait return expect given returns fails out approve reject completed compensated failed stuck
syntax keyword govStatement asserting where
syntax keyword govOperator or and not in has len matches
syntax keyword govConstant true false low medium high critical local network external

" Where one of these stands in a name, before a colon or beside a dot, it is no keyword.
syntax match govName "\<[a-z][a-z0-9_]*\>\ze\s*:"
syntax match govName "\<[a-z][a-z0-9_]*\%(\.[a-z][a-z0-9_]*\)\+"
syntax match govPrincipal "\<\%(agent\|user\|service\|system\|role\):[A-Za-z0-9_.@-]*\*\="

syntax match govNumber "\<\d[0-9_]*\%(\.\d[0-9_]*\)\=\%(\%(ms\|[smhd]\)\>\|[ \t]\+[A-Z]\{3}\>\)\="
syntax match govEscape "\\\%([nt\"\\{]\|u{\x\{1,6}}\)" contained
syntax region govInterpolation matchgroup=govEscape start="{" end="}" contained contains=TOP
syntax region govString start=+"+ skip=+\\.+ end=+"+ end="$" contains=govEscape,govInterpolation
syntax match govAccept "@\s*accept\>"
syntax match govComment "//.*$" contains=@Spell
syntax match govDocumentation "///.*$" contains=@Spell

highlight default link govType Type
highlight default link govItem Keyword
highlight default link govClause Keyword
highlight default link govRule Keyword
highlight default link govStatement Statement
highlight default link govOperator Operator
highlight default link govConstant Constant
highlight default link govPrincipal Special
highlight default link govNumber Number
highlight default link govEscape SpecialChar
highlight default link govString String
highlight default link govAccept PreProc
highlight default link govComment Comment
highlight default link govDocumentation SpecialComment

let b:current_syntax = "gov"
