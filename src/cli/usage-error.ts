import { ProblemsError } from '../config/problems.ts'

/** The mistakes in a command line. */
export class UsageError extends ProblemsError {
  override name = 'UsageError'
}
