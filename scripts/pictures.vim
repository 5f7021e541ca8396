" Neovim as it is drawn by scripts/pictures.
filetype plugin on
syntax on
runtime! plugin/gov.lua
set termguicolors number nowrap signcolumn=yes:1 laststatus=0 noruler noshowcmd shortmess+=I background=dark fillchars=eob:\ 
highlight Normal guifg=#d8dee9 guibg=#1f2430
highlight LineNr guifg=#5c6773
highlight SignColumn guibg=#1f2430
highlight NonText guifg=#1f2430
highlight Keyword guifg=#ffad66
highlight Statement guifg=#ffad66 gui=NONE
highlight Operator guifg=#f29e74
highlight Type guifg=#73d0ff gui=NONE
highlight Constant guifg=#dfbfff
highlight String guifg=#d5ff80
highlight Number guifg=#dfbfff
highlight Special guifg=#95e6cb
highlight SpecialChar guifg=#95e6cb
highlight PreProc guifg=#f28779
highlight Comment guifg=#707a8c gui=NONE
highlight SpecialComment guifg=#a0a8b4
highlight LspCodeLens guifg=#8a9199 gui=italic
highlight DiagnosticError guifg=#ff6666
highlight DiagnosticWarn guifg=#ffcc66
highlight DiagnosticInfo guifg=#73d0ff
highlight DiagnosticHint guifg=#95e6cb
highlight DiagnosticUnderlineError gui=underline guisp=#ff6666
highlight NormalFloat guifg=#d8dee9 guibg=#272d3a
highlight FloatBorder guifg=#5c6773 guibg=#272d3a
