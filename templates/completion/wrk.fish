# Completion of wrk and wrk-cli for fish: wrk completion fish > ~/.config/fish/completions/wrk.fish
function __wrk_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
    # Another program of this name (a load tester) fails, and gets what fish does by itself.
    if test $status -ne 0
        __fish_complete_path "$current"
    else if test "$lines[1]" = :folders
        __fish_complete_directories "$current"
    else if test (count $lines) -gt 0
        printf '%s\n' $lines
    end
end
for name in wrk wrk-cli
    complete -c $name -f -k -a '(__wrk_complete)'
end
