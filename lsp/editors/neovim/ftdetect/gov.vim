autocmd BufNewFile,BufRead *.gov setfiletype gov
