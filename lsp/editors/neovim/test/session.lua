-- What somebody does with a Gov file in Neovim, without the somebody: each step waits for the server and writes down what is seen
-- then, as JSON in the file that `$GOV_SEEN` names. The file that is edited is `main.gov`.

local seen = {}

local function finish()
  local file = assert(io.open(os.getenv("GOV_SEEN"), "w"))
  file:write(vim.fn.json_encode(seen))
  file:close()
  vim.cmd("qall!")
end

--- Waits until something is there, and gives it; what is missing after a minute is an error, and named.
local function wait_for(what, get)
  local got
  local came = vim.wait(60000, function()
    got = get()
    return got ~= nil and got ~= false
  end, 20)
  if not came then
    error("there was never " .. what)
  end
  return got
end

local function lines()
  return vim.api.nvim_buf_get_lines(0, 0, -1, true)
end

local function text()
  return table.concat(lines(), "\n") .. "\n"
end

--- The place of a word's nth time in the buffer, for the cursor.
local function go_to(word, nth)
  for line, content in ipairs(lines()) do
    local from = 1
    while true do
      local start, stop = content:find(word, from, true)
      if not start then
        break
      end
      nth = nth - 1
      if nth == 0 then
        vim.api.nvim_win_set_cursor(0, { line, start - 1 })
        return
      end
      from = stop + 1
    end
  end
  error(word .. " is not in the buffer")
end

local function floating()
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(window).relative ~= "" then
      return table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, true), "\n")
    end
  end
end

local function diagnostics()
  local found = vim.diagnostic.get(0)
  return vim.tbl_map(function(it)
    local code = it.code or (it.user_data and it.user_data.lsp and it.user_data.lsp.code)
    return { line = it.lnum + 1, severity = it.severity, message = it.message, code = code }
  end, found)
end

local function session()
  vim.cmd("edit main.gov")
  seen.filetype = vim.bo.filetype
  seen.syntax = vim.fn.synIDattr(vim.fn.synID(1, 1, true), "name")
  wait_for("a client", function()
    return #vim.tbl_values(vim.lsp.buf_get_clients(0)) > 0
  end)

  seen.diagnostics = wait_for("a diagnostic", function()
    local found = diagnostics()
    return #found > 0 and found
  end)

  go_to("notes.read", 2)
  vim.lsp.buf.hover()
  seen.hover = wait_for("a hover", floating)

  go_to("desk", 1)
  vim.lsp.buf.rename("front_desk")
  wait_for("the new name", function()
    return text():find("policy front_desk {", 1, true)
  end)
  seen.renamed = text()

  if vim.lsp.buf.format then
    vim.lsp.buf.format({ timeout_ms = 60000 })
  else
    vim.lsp.buf.formatting_sync(nil, 60000)
  end
  seen.formatted = text()

  -- The mistake is mended, and is gone.
  go_to("notes.raed", 1)
  local mended = vim.api.nvim_get_current_line():gsub("notes%.raed", "notes.read")
  vim.api.nvim_set_current_line(mended)
  wait_for("an end of the diagnostics", function()
    return #diagnostics() == 0
  end)
  seen.mended = diagnostics()

  -- Nothing is typed any more: the proofs are made, and their lenses say so.
  seen.lenses = wait_for("lenses that say what is proved", function()
    local titles = {}
    for _, lens in ipairs(vim.lsp.codelens.get(0)) do
      table.insert(titles, lens.command.title)
      if not lens.command.title:find("^proved") then
        return nil
      end
    end
    return #titles > 0 and titles
  end)
end

local worked, problem = xpcall(session, debug.traceback)
seen.problem = not worked and problem or nil
finish()
