import { ProblemsError } from '../config/problems.ts'

/** The mistakes in a command line. */
export class UsageError extends ProblemsError {
  override name = 'UsageError'
}

/**
 * What is wrong with the arguments, of an error that parseArgs throws. Of an unknown option it goes on with how one would
 * write an argument that begins with a dash, and no command takes such.
 */
export const argumentProblem = ({ message }: Error): string =>
  message.replace(/^(Unknown option '[^']*').*$/s, '$1')
