# Completion of wrk and wrk-cli for PowerShell: wrk completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName wrk, wrk-cli -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $typed = $commandAst.Extent.Text
    $until = $cursorPosition - $commandAst.Extent.StartOffset
    # In an environment variable: older versions lose quotes and empty words of arguments.
    $env:WRK_COMPLETE_LINE = $typed.PadRight($until).Substring(0, $until)
    try {
        $lines = & $commandAst.CommandElements[0].Value __complete 2>$null
        # Another program of this name (a load tester) fails; what it says is no candidate.
        if ($LASTEXITCODE -ne 0) { return }
        $lines | Where-Object { $_ } | ForEach-Object {
            $value, $title = $_ -split "`t", 2
            if ($value -eq ':folders') {
                [System.Management.Automation.CompletionCompleters]::CompleteFilename($wordToComplete)
            } else {
                $shown = if ($title) { "$value  ($title)" } else { $value }
                $tip = if ($title) { $title } else { $value }
                [System.Management.Automation.CompletionResult]::new($value, $shown, 'ParameterValue', $tip)
            }
        }
    } finally {
        Remove-Item Env:WRK_COMPLETE_LINE
    }
}
