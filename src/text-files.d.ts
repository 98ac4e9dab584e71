/** Text files that the build puts into the bundle. */
declare module '*.md' {
  const text: string
  export default text
}
declare module '*.yaml' {
  const text: string
  export default text
}
declare module '*.sh' {
  const text: string
  export default text
}
declare module '*.bash' {
  const text: string
  export default text
}
declare module '*.zsh' {
  const text: string
  export default text
}
declare module '*.fish' {
  const text: string
  export default text
}
declare module '*.ps1' {
  const text: string
  export default text
}
/** Set by the build. */
declare const WRK_VERSION: string
/** Whether this is built into the standalone executable. */
declare const WRK_STANDALONE: boolean
declare module '*.svg' {
  const text: string
  export default text
}
declare module '*.css' {
  const text: string
  export default text
}
declare module '*.html' {
  const text: string
  export default text
}
/** What the build makes of src/board/page. */
declare module 'page:*' {
  const text: string
  export default text
}
declare module '*.txt' {
  const text: string
  export default text
}
